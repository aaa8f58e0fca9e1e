CREATE TABLE "cameras" (
	"id" text PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"folder" text NOT NULL,
	"status" text DEFAULT 'unknown' NOT NULL,
	"enabled" boolean DEFAULT true NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"last_seen_at" timestamp (3) with time zone,
	"deleted_at" timestamp (3) with time zone,
	CONSTRAINT "cameras_id_slug" CHECK ("cameras"."id" ~ '^[a-z0-9][a-z0-9_-]{0,63}$'),
	CONSTRAINT "cameras_status" CHECK ("cameras"."status" in ('online', 'offline', 'unknown'))
);
--> statement-breakpoint
CREATE TABLE "detections" (
	"id" uuid PRIMARY KEY NOT NULL,
	"frame_id" uuid NOT NULL,
	"event_id" uuid NOT NULL,
	"camera_id" text NOT NULL,
	"label" text NOT NULL,
	"score" real NOT NULL,
	"x" integer NOT NULL,
	"y" integer NOT NULL,
	"width" integer NOT NULL,
	"height" integer NOT NULL,
	"captured_at" timestamp (3) with time zone NOT NULL,
	"model" text NOT NULL,
	CONSTRAINT "detections_score" CHECK (score between 0 and 1),
	CONSTRAINT "detections_bbox" CHECK (x >= 0 and y >= 0 and width > 0 and height > 0)
);
--> statement-breakpoint
CREATE TABLE "events" (
	"id" uuid PRIMARY KEY NOT NULL,
	"camera_id" text NOT NULL,
	"state" text NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone NOT NULL,
	"last_received_at" timestamp (3) with time zone NOT NULL,
	"labels" jsonb NOT NULL,
	"detection_count" integer NOT NULL,
	"frame_count" integer NOT NULL,
	"best_frame_id" uuid NOT NULL,
	"best_score" real NOT NULL,
	"risk_score" smallint NOT NULL,
	"risk_level" text NOT NULL,
	"summary" text NOT NULL,
	"reasoning" text NOT NULL,
	"analyzer" text NOT NULL,
	"reviewed" boolean DEFAULT false NOT NULL,
	"notes" text,
	CONSTRAINT "events_id_camera" UNIQUE("id","camera_id"),
	CONSTRAINT "events_state" CHECK ("events"."state" in ('open', 'closed', 'analyzed')),
	CONSTRAINT "events_span" CHECK (started_at <= ended_at),
	CONSTRAINT "events_risk_score" CHECK (risk_score between 0 and 100),
	CONSTRAINT "events_risk_level" CHECK ("events"."risk_level" in ('low', 'medium', 'high', 'critical')),
	CONSTRAINT "events_analyzer" CHECK ("events"."analyzer" in ('rules', 'llm')),
	CONSTRAINT "events_counts" CHECK (detection_count >= frame_count and frame_count > 0 and best_score between 0 and 1)
);
--> statement-breakpoint
CREATE TABLE "frames" (
	"id" uuid PRIMARY KEY NOT NULL,
	"camera_id" text NOT NULL,
	"state" text NOT NULL,
	"source_name" text NOT NULL,
	"sha256" text,
	"media_type" text,
	"media_path" text,
	"width" integer,
	"height" integer,
	"bytes" bigint NOT NULL,
	"captured_at" timestamp (3) with time zone NOT NULL,
	"received_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"processed_at" timestamp (3) with time zone,
	"attempts" integer DEFAULT 0 NOT NULL,
	"available_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"lease_owner" integer,
	"lease_expires_at" timestamp (3) with time zone,
	"error_kind" text,
	"error_message" text,
	CONSTRAINT "frames_id_camera" UNIQUE("id","camera_id"),
	CONSTRAINT "frames_state" CHECK ("frames"."state" in ('pending', 'leased', 'done', 'dead')),
	CONSTRAINT "frames_lease" CHECK (("frames"."state" = 'leased') = (lease_owner is not null and lease_expires_at is not null)),
	CONSTRAINT "frames_dead_reason" CHECK ("frames"."state" <> 'dead' or (error_kind is not null and error_message is not null)),
	CONSTRAINT "frames_processed" CHECK ("frames"."state" not in ('done', 'dead') or processed_at is not null),
	CONSTRAINT "frames_examinable" CHECK ("frames"."state" = 'dead' or (sha256 is not null and media_path is not null and media_type is not null and width > 0 and height > 0)),
	CONSTRAINT "frames_counts" CHECK (bytes >= 0 and attempts >= 0),
	CONSTRAINT "frames_sha256" CHECK (sha256 ~ '^[0-9a-f]{64}$')
);
--> statement-breakpoint
CREATE TABLE "inbox_files" (
	"path" text NOT NULL,
	"bytes" bigint NOT NULL,
	"mtime_ns" text NOT NULL,
	"frame_id" uuid NOT NULL,
	CONSTRAINT "inbox_files_path_pk" PRIMARY KEY("path")
);
--> statement-breakpoint
CREATE TABLE "outbox" (
	"seq" bigint PRIMARY KEY NOT NULL,
	"type" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"data" jsonb NOT NULL,
	CONSTRAINT "outbox_seq" CHECK (seq > 0)
);
--> statement-breakpoint
CREATE TABLE "outbox_head" (
	"one" boolean PRIMARY KEY DEFAULT true NOT NULL,
	"seq" bigint NOT NULL,
	"house_id" uuid DEFAULT gen_random_uuid() NOT NULL,
	CONSTRAINT "outbox_head_one" CHECK (one)
);
--> statement-breakpoint
ALTER TABLE "detections" ADD CONSTRAINT "detections_frame" FOREIGN KEY ("frame_id","camera_id") REFERENCES "public"."frames"("id","camera_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "detections" ADD CONSTRAINT "detections_event" FOREIGN KEY ("event_id","camera_id") REFERENCES "public"."events"("id","camera_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "events" ADD CONSTRAINT "events_camera_id_cameras_id_fk" FOREIGN KEY ("camera_id") REFERENCES "public"."cameras"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "events" ADD CONSTRAINT "events_best_frame" FOREIGN KEY ("best_frame_id","camera_id") REFERENCES "public"."frames"("id","camera_id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "frames" ADD CONSTRAINT "frames_camera_id_cameras_id_fk" FOREIGN KEY ("camera_id") REFERENCES "public"."cameras"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "inbox_files" ADD CONSTRAINT "inbox_files_frame_id_frames_id_fk" FOREIGN KEY ("frame_id") REFERENCES "public"."frames"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "cameras_folder" ON "cameras" USING btree ("folder");--> statement-breakpoint
CREATE INDEX "detections_frame_id" ON "detections" USING btree ("frame_id");--> statement-breakpoint
CREATE INDEX "detections_event_id" ON "detections" USING btree ("event_id");--> statement-breakpoint
CREATE INDEX "detections_newest" ON "detections" USING btree ("captured_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "detections_camera_newest" ON "detections" USING btree ("camera_id","captured_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "detections_label_newest" ON "detections" USING btree ("label","captured_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "events_open" ON "events" USING btree ("camera_id","started_at") WHERE state = 'open';--> statement-breakpoint
CREATE INDEX "events_newest" ON "events" USING btree ("started_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "events_camera_newest" ON "events" USING btree ("camera_id","started_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "events_camera_ended" ON "events" USING btree ("camera_id","ended_at");--> statement-breakpoint
CREATE UNIQUE INDEX "frames_identity" ON "frames" USING btree ("camera_id","sha256");--> statement-breakpoint
CREATE INDEX "frames_pending_newest" ON "frames" USING btree ("camera_id","captured_at" DESC NULLS FIRST,"id" DESC NULLS FIRST) WHERE state = 'pending';--> statement-breakpoint
CREATE INDEX "frames_pending_oldest" ON "frames" USING btree ("received_at","id") WHERE state = 'pending';--> statement-breakpoint
CREATE INDEX "frames_leased" ON "frames" USING btree ("lease_expires_at") WHERE state = 'leased';--> statement-breakpoint
CREATE INDEX "frames_newest" ON "frames" USING btree ("captured_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "frames_camera_newest" ON "frames" USING btree ("camera_id","captured_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "frames_state_newest" ON "frames" USING btree ("state","captured_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "inbox_files_frame" ON "inbox_files" USING btree ("frame_id");--> statement-breakpoint
CREATE INDEX "outbox_at" ON "outbox" USING btree ("at");--> statement-breakpoint
INSERT INTO "outbox_head" ("seq") VALUES (0);
