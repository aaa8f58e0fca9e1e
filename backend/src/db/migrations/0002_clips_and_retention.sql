CREATE TABLE "clips" (
	"id" uuid PRIMARY KEY NOT NULL,
	"camera_id" text NOT NULL,
	"state" text NOT NULL,
	"source_name" text NOT NULL,
	"sha256" text NOT NULL,
	"media_type" text NOT NULL,
	"media_path" text,
	"bytes" bigint NOT NULL,
	"captured_at" timestamp (3) with time zone NOT NULL,
	"captured_from" text NOT NULL,
	"duration_ms" integer,
	"width" integer,
	"height" integer,
	"frames_planned" integer,
	"received_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"processed_at" timestamp (3) with time zone,
	"attempts" integer DEFAULT 0 NOT NULL,
	"available_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"lease_owner" integer,
	"lease_expires_at" timestamp (3) with time zone,
	"error_kind" text,
	"error_message" text,
	CONSTRAINT "clips_state" CHECK ("clips"."state" in ('pending', 'leased', 'done', 'dead')),
	CONSTRAINT "clips_captured_from" CHECK ("clips"."captured_from" in ('name', 'metadata', 'modified')),
	CONSTRAINT "clips_lease" CHECK (("clips"."state" = 'leased') = (lease_owner is not null and lease_expires_at is not null)),
	CONSTRAINT "clips_dead_reason" CHECK ("clips"."state" <> 'dead' or (error_kind is not null and error_message is not null)),
	CONSTRAINT "clips_processed" CHECK ("clips"."state" not in ('done', 'dead') or processed_at is not null),
	CONSTRAINT "clips_plan" CHECK (num_nulls(duration_ms, width, height, frames_planned) in (0, 4)),
	CONSTRAINT "clips_counts" CHECK (bytes >= 0 and attempts >= 0 and duration_ms >= 0 and frames_planned >= 0),
	CONSTRAINT "clips_sha256" CHECK (sha256 ~ '^[0-9a-f]{64}$')
);
--> statement-breakpoint
CREATE TABLE "media_removals" (
	"media_path" text PRIMARY KEY NOT NULL,
	"requested_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"removed_at" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "frames" DROP CONSTRAINT "frames_examinable";--> statement-breakpoint
ALTER TABLE "frames" DROP CONSTRAINT "frames_counts";--> statement-breakpoint
DROP INDEX "frames_identity";--> statement-breakpoint
ALTER TABLE "inbox_files" ALTER COLUMN "frame_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "frames" ADD COLUMN "crashes" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "frames" ADD COLUMN "clip_id" uuid;--> statement-breakpoint
ALTER TABLE "frames" ADD COLUMN "clip_offset_ms" integer;--> statement-breakpoint
ALTER TABLE "frames" ADD COLUMN "event_id" uuid;--> statement-breakpoint
UPDATE "frames" SET "event_id" = "detections"."event_id" FROM "detections" WHERE "detections"."frame_id" = "frames"."id";--> statement-breakpoint
ALTER TABLE "inbox_files" ADD COLUMN "clip_id" uuid;--> statement-breakpoint
ALTER TABLE "clips" ADD CONSTRAINT "clips_camera_id_cameras_id_fk" FOREIGN KEY ("camera_id") REFERENCES "public"."cameras"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "clips_identity" ON "clips" USING btree ("camera_id","sha256");--> statement-breakpoint
CREATE INDEX "clips_pending" ON "clips" USING btree ("received_at","id") WHERE state = 'pending';--> statement-breakpoint
CREATE INDEX "clips_leased" ON "clips" USING btree ("lease_expires_at") WHERE state = 'leased';--> statement-breakpoint
CREATE INDEX "clips_ended" ON "clips" USING btree ("received_at","id") WHERE state in ('done', 'dead');--> statement-breakpoint
CREATE INDEX "clips_newest" ON "clips" USING btree ("captured_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "clips_camera_newest" ON "clips" USING btree ("camera_id","captured_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "clips_state_newest" ON "clips" USING btree ("state","captured_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "media_removals_due" ON "media_removals" USING btree ("requested_at") WHERE removed_at is null;--> statement-breakpoint
CREATE INDEX "media_removals_done" ON "media_removals" USING btree ("removed_at") WHERE removed_at is not null;--> statement-breakpoint
ALTER TABLE "frames" ADD CONSTRAINT "frames_clip_id_clips_id_fk" FOREIGN KEY ("clip_id") REFERENCES "public"."clips"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "inbox_files" ADD CONSTRAINT "inbox_files_clip_id_clips_id_fk" FOREIGN KEY ("clip_id") REFERENCES "public"."clips"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "events_best_frame_id" ON "events" USING btree ("best_frame_id");--> statement-breakpoint
CREATE INDEX "events_oldest" ON "events" USING btree ("reviewed","last_received_at","id");--> statement-breakpoint
CREATE UNIQUE INDEX "frames_of_clip" ON "frames" USING btree ("clip_id","clip_offset_ms") WHERE clip_id is not null;--> statement-breakpoint
CREATE INDEX "frames_of_clip_content" ON "frames" USING btree ("camera_id","sha256") WHERE clip_id is not null;--> statement-breakpoint
CREATE INDEX "frames_of_event" ON "frames" USING btree ("event_id") WHERE event_id is not null;--> statement-breakpoint
CREATE INDEX "frames_without_event" ON "frames" USING btree ("received_at","id") WHERE event_id is null and state in ('done', 'dead');--> statement-breakpoint
CREATE INDEX "frames_suspect" ON "frames" USING btree ("received_at","id") WHERE state = 'pending' and crashes > 0;--> statement-breakpoint
CREATE INDEX "inbox_files_clip" ON "inbox_files" USING btree ("clip_id");--> statement-breakpoint
CREATE UNIQUE INDEX "frames_identity" ON "frames" USING btree ("camera_id","sha256") WHERE clip_id is null;--> statement-breakpoint
ALTER TABLE "frames" ADD CONSTRAINT "frames_clip" CHECK ((clip_id is null) = (clip_offset_ms is null) and clip_offset_ms >= 0);--> statement-breakpoint
ALTER TABLE "frames" ADD CONSTRAINT "frames_examinable" CHECK ("frames"."state" = 'dead' or (sha256 is not null and media_type is not null and width > 0 and height > 0
        and (media_path is not null or "frames"."state" = 'done')));--> statement-breakpoint
ALTER TABLE "frames" ADD CONSTRAINT "frames_counts" CHECK (bytes >= 0 and attempts >= 0 and crashes >= 0);--> statement-breakpoint
ALTER TABLE "inbox_files" ADD CONSTRAINT "inbox_files_one" CHECK ((frame_id is null) <> (clip_id is null));