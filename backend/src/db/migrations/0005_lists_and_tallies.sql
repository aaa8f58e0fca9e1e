CREATE TABLE "event_labels" (
	"event_id" uuid NOT NULL,
	"label" text NOT NULL,
	"camera_id" text NOT NULL,
	"risk_level" text NOT NULL,
	"reviewed" boolean NOT NULL,
	"state" text NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "event_labels_event_id_label_pk" PRIMARY KEY("event_id","label")
);
--> statement-breakpoint
CREATE TABLE "tallies" (
	"kind" text NOT NULL,
	"key" text NOT NULL,
	"camera_id" text NOT NULL,
	"bucket" timestamp (0) with time zone NOT NULL,
	"count" bigint NOT NULL,
	CONSTRAINT "tallies_kind_camera_id_bucket_key_pk" PRIMARY KEY("kind","camera_id","bucket","key")
);
--> statement-breakpoint
CREATE TABLE "tally_deltas" (
	"kind" text NOT NULL,
	"key" text NOT NULL,
	"camera_id" text NOT NULL,
	"bucket" timestamp (0) with time zone NOT NULL,
	"count" bigint NOT NULL
);
--> statement-breakpoint
DROP INDEX "detections_event_id";--> statement-breakpoint
DROP INDEX "detections_newest";--> statement-breakpoint
DROP INDEX "detections_camera_newest";--> statement-breakpoint
DROP INDEX "detections_label_newest";--> statement-breakpoint
DROP INDEX "frames_of_event";--> statement-breakpoint
-- The words of a text, in lower case: runs of anything but spaces and punctuation. What is asked for is split by the same
-- function (api/lists/search.ts). A database of the locale C, as the embedded one is, knows no lower case beyond ASCII: hence
-- the best collation that this server has. The Greek sigma at the end of a word is as the others.
DO $make$
DECLARE
  best text := (
    SELECT format(' collate %I.%I', nspname, collname) FROM pg_collation JOIN pg_namespace ON pg_namespace.oid = collnamespace
    WHERE collname IN ('pg_c_utf8', 'und-x-icu', 'C.utf8') AND collencoding IN (-1, pg_char_to_encoding('UTF8'))
    ORDER BY array_position(array['pg_c_utf8', 'und-x-icu', 'C.utf8'], collname::text) LIMIT 1);
BEGIN
  EXECUTE format($sql$
    CREATE FUNCTION split_words(said text) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $body$
    DECLARE
      said_low text := replace(lower(normalize(said, NFKC)%1$s), E'\u03c2', E'\u03c3');
    BEGIN
      -- A word too long for a tsvector must not keep an event from being stored; the cut costs twice the time.
      IF octet_length(said_low) > 2000 THEN
        said_low := regexp_replace(said_low, '([^\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u303f]{64})[^\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u303f]+', '\1', 'g');
      END IF;
      RETURN array_remove(
        regexp_split_to_array(said_low, '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u303f]+'), '');
    END $body$ $sql$, best);
END $make$;
--> statement-breakpoint
-- And `@` with its camera.
CREATE FUNCTION event_words(camera_id text, labels jsonb, summary text, notes text) RETURNS tsvector
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $body$
BEGIN
  RETURN array_to_tsvector(array_append(public.split_words(
    coalesce(summary, '') || ' ' || coalesce(notes, '') || ' ' || (SELECT coalesce(string_agg(key, ' '), '') FROM jsonb_object_keys(labels) AS key)
  ), '@' || camera_id));
END $body$;
--> statement-breakpoint
ALTER TABLE "events" ADD COLUMN "search" "tsvector" GENERATED ALWAYS AS (event_words(camera_id, labels, summary, notes)) STORED;--> statement-breakpoint
ALTER TABLE "event_labels" ADD CONSTRAINT "event_labels_event_id_events_id_fk" FOREIGN KEY ("event_id") REFERENCES "public"."events"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "event_labels_newest" ON "event_labels" USING btree ("label","risk_level","reviewed","state","started_at" DESC NULLS FIRST,"event_id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "event_labels_camera_newest" ON "event_labels" USING btree ("camera_id","label","risk_level","reviewed","state","started_at" DESC NULLS FIRST,"event_id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "cameras_newest" ON "cameras" USING btree ("created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST) WHERE deleted_at is null;--> statement-breakpoint
CREATE INDEX "clips_camera_state_newest" ON "clips" USING btree ("camera_id","state","captured_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "detections_of_event" ON "detections" USING btree ("event_id","captured_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "detections_camera_label_newest" ON "detections" USING btree ("camera_id","label","captured_at" DESC NULLS FIRST,"id" DESC NULLS FIRST,"score");--> statement-breakpoint
CREATE INDEX "events_facets_newest" ON "events" USING btree ("risk_level","reviewed","state","started_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "events_camera_facets_newest" ON "events" USING btree ("camera_id","risk_level","reviewed","state","started_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "events_search" ON "events" USING gin ("search") WITH (fastupdate=false);--> statement-breakpoint
CREATE INDEX "frames_of_clip_newest" ON "frames" USING btree ("clip_id","captured_at" DESC NULLS FIRST,"id" DESC NULLS FIRST) WHERE clip_id is not null;--> statement-breakpoint
CREATE INDEX "frames_camera_state_newest" ON "frames" USING btree ("camera_id","state","captured_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "detections_newest" ON "detections" USING btree ("captured_at" DESC NULLS FIRST,"id" DESC NULLS FIRST,"score");--> statement-breakpoint
CREATE INDEX "detections_camera_newest" ON "detections" USING btree ("camera_id","captured_at" DESC NULLS FIRST,"id" DESC NULLS FIRST,"score");--> statement-breakpoint
CREATE INDEX "detections_label_newest" ON "detections" USING btree ("label","captured_at" DESC NULLS FIRST,"id" DESC NULLS FIRST,"score");--> statement-breakpoint
CREATE INDEX "frames_of_event" ON "frames" USING btree ("event_id","captured_at" DESC NULLS FIRST,"id" DESC NULLS FIRST) WHERE event_id is not null;--> statement-breakpoint
-- What lists of events are filtered by, told to each of an event's labels.
CREATE FUNCTION label_event() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  IF tg_op = 'UPDATE' THEN
    DELETE FROM event_labels WHERE event_id = new.id AND NOT new.labels ? label;
  END IF;
  INSERT INTO event_labels (event_id, label, camera_id, risk_level, reviewed, state, started_at)
  SELECT new.id, label, new.camera_id, new.risk_level, new.reviewed, new.state, new.started_at FROM jsonb_object_keys(new.labels) AS label
  ON CONFLICT (event_id, label) DO UPDATE SET camera_id = excluded.camera_id, risk_level = excluded.risk_level,
    reviewed = excluded.reviewed, state = excluded.state, started_at = excluded.started_at;
  RETURN NULL;
END $body$;
--> statement-breakpoint
CREATE TRIGGER label_new_event AFTER INSERT ON events FOR EACH ROW EXECUTE FUNCTION label_event();
--> statement-breakpoint
CREATE TRIGGER label_changed_event AFTER UPDATE ON events FOR EACH ROW
WHEN ((old.labels, old.camera_id, old.risk_level, old.reviewed, old.state, old.started_at)
  IS DISTINCT FROM (new.labels, new.camera_id, new.risk_level, new.reviewed, new.state, new.started_at))
EXECUTE FUNCTION label_event();
--> statement-breakpoint
INSERT INTO event_labels (event_id, label, camera_id, risk_level, reviewed, state, started_at)
SELECT id, label, camera_id, risk_level, reviewed, state, started_at FROM events CROSS JOIN jsonb_object_keys(labels) AS label;
--> statement-breakpoint

-- Tallies: what each row counts as, and triggers that write down what a statement changed, whoever sent it.
DO $make$
DECLARE
  tallied text[];
BEGIN
  FOREACH tallied SLICE 1 IN ARRAY array[
    ['frames', $$('frame', '', date_bin('15 minutes', captured_at, timestamptz 'epoch')), ('frame_state', state, '-infinity')$$],
    ['clips', $$('clip_state', state, timestamptz '-infinity')$$],
    ['detections', $$(CASE WHEN event_id IS NULL THEN 'suppressed' ELSE 'detection' END, label, date_bin('15 minutes', captured_at, timestamptz 'epoch'))$$],
    ['events', $$('event', risk_level, date_bin('15 minutes', started_at, timestamptz 'epoch')),
      ('event_facets', concat_ws('/', risk_level, reviewed, state), '-infinity')$$],
    ['alerts', $$('alert', '', date_bin('15 minutes', captured_at, timestamptz 'epoch'))$$]
  ] LOOP
    EXECUTE format($sql$
      CREATE FUNCTION tally_%1$s() RETURNS trigger LANGUAGE plpgsql AS $body$
      BEGIN
        IF tg_op = 'INSERT' THEN
          INSERT INTO tally_deltas (kind, key, camera_id, bucket, count)
          SELECT kind, key, camera_id, bucket, count(*) FROM added CROSS JOIN LATERAL (VALUES %2$s) AS tallied(kind, key, bucket) GROUP BY 1, 2, 3, 4;
        ELSIF tg_op = 'DELETE' THEN
          INSERT INTO tally_deltas (kind, key, camera_id, bucket, count)
          SELECT kind, key, camera_id, bucket, -count(*) FROM removed CROSS JOIN LATERAL (VALUES %2$s) AS tallied(kind, key, bucket) GROUP BY 1, 2, 3, 4;
        ELSE
          INSERT INTO tally_deltas (kind, key, camera_id, bucket, count)
          SELECT kind, key, camera_id, bucket, sum(change) FROM (
            SELECT 1 AS change, * FROM added UNION ALL SELECT -1, * FROM removed
          ) AS changed CROSS JOIN LATERAL (VALUES %2$s) AS tallied(kind, key, bucket) GROUP BY 1, 2, 3, 4 HAVING sum(change) <> 0;
        END IF;
        RETURN NULL;
      END $body$;
      CREATE TRIGGER tally_added AFTER INSERT ON %1$I REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION tally_%1$s();
      CREATE TRIGGER tally_removed AFTER DELETE ON %1$I REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION tally_%1$s();
      CREATE TRIGGER tally_changed AFTER UPDATE ON %1$I REFERENCING NEW TABLE AS added OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION tally_%1$s();
      INSERT INTO tally_deltas (kind, key, camera_id, bucket, count)
      SELECT kind, key, camera_id, bucket, count(*) FROM %1$I CROSS JOIN LATERAL (VALUES %2$s) AS tallied(kind, key, bucket) GROUP BY 1, 2, 3, 4;
    $sql$, tallied[1], tallied[2]);
  END LOOP;
END $make$;
--> statement-breakpoint
-- A column that was just made has no statistics, by which a search decides how to go about it.
DO $analyze$
BEGIN
  IF EXISTS (SELECT FROM events) THEN
    ANALYZE events;
    ANALYZE event_labels;
  END IF;
END $analyze$;
