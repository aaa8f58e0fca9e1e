CREATE TABLE "alerts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"rule_id" uuid,
	"rule_name" text NOT NULL,
	"event_id" uuid NOT NULL,
	"camera_id" text NOT NULL,
	"frame_id" uuid NOT NULL,
	"captured_at" timestamp (3) with time zone NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"label" text NOT NULL,
	"score" real NOT NULL,
	"zone_ids" uuid[] NOT NULL,
	"risk_score" smallint NOT NULL,
	"risk_level" text NOT NULL,
	"summary" text NOT NULL,
	"acknowledged_at" timestamp (3) with time zone,
	"acknowledged_by" text,
	CONSTRAINT "alerts_score" CHECK (score between 0 and 1),
	CONSTRAINT "alerts_risk" CHECK (risk_score between 0 and 100 and risk_level in ('low', 'medium', 'high', 'critical')),
	CONSTRAINT "alerts_acknowledged" CHECK ((acknowledged_at is null) = (acknowledged_by is null))
);
--> statement-breakpoint
CREATE TABLE "api_keys" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"prefix" text NOT NULL,
	"key_hash" text NOT NULL,
	"role" text NOT NULL,
	"camera_ids" text[],
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"expires_at" timestamp (3) with time zone,
	"revoked_at" timestamp (3) with time zone,
	"last_used_at" timestamp (3) with time zone,
	CONSTRAINT "api_keys_role" CHECK ("api_keys"."role" in ('admin', 'viewer', 'ingest')),
	CONSTRAINT "api_keys_hash_form" CHECK (key_hash ~ '^[0-9a-f]{64}$'),
	CONSTRAINT "api_keys_admin_sees_all" CHECK ("api_keys"."role" <> 'admin' or camera_ids is null)
);
--> statement-breakpoint
CREATE TABLE "audit" (
	"id" uuid PRIMARY KEY NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"actor_id" text NOT NULL,
	"actor_name" text NOT NULL,
	"actor_role" text NOT NULL,
	"via" text NOT NULL,
	"action" text NOT NULL,
	"target_id" text,
	"before" jsonb,
	"after" jsonb,
	"address" text,
	"request_id" text,
	CONSTRAINT "audit_via" CHECK ("audit"."via" in ('key', 'session', 'cli', 'system'))
);
--> statement-breakpoint
CREATE TABLE "channels" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"kind" text NOT NULL,
	"enabled" boolean DEFAULT true NOT NULL,
	"settings" jsonb NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "channels_kind" CHECK ("channels"."kind" in ('webhook', 'email', 'ntfy', 'mqtt'))
);
--> statement-breakpoint
CREATE TABLE "deliveries" (
	"id" uuid PRIMARY KEY NOT NULL,
	"channel_id" uuid NOT NULL,
	"alert_id" uuid,
	"payload" jsonb NOT NULL,
	"state" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"delivered_at" timestamp (3) with time zone,
	"response" text,
	"attempts" integer DEFAULT 0 NOT NULL,
	"available_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"lease_owner" integer,
	"lease_expires_at" timestamp (3) with time zone,
	"error_kind" text,
	"error_message" text,
	CONSTRAINT "deliveries_state" CHECK ("deliveries"."state" in ('pending', 'leased', 'done', 'dead')),
	CONSTRAINT "deliveries_lease" CHECK (("deliveries"."state" = 'leased') = (lease_owner is not null and lease_expires_at is not null)),
	CONSTRAINT "deliveries_dead_reason" CHECK ("deliveries"."state" <> 'dead' or (error_kind is not null and error_message is not null)),
	CONSTRAINT "deliveries_delivered" CHECK (("deliveries"."state" = 'done') = (delivered_at is not null))
);
--> statement-breakpoint
CREATE TABLE "ended_sessions" (
	"id" text PRIMARY KEY NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "house_secrets" (
	"name" text PRIMARY KEY NOT NULL,
	"secret" text NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "idempotent_answers" (
	"actor_id" text NOT NULL,
	"key_hash" text NOT NULL,
	"request_hash" text NOT NULL,
	"status" integer NOT NULL,
	"body" jsonb NOT NULL,
	"location" text,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotent_answers_actor_id_key_hash_pk" PRIMARY KEY("actor_id","key_hash")
);
--> statement-breakpoint
CREATE TABLE "rules" (
	"id" uuid PRIMARY KEY NOT NULL,
	"name" text NOT NULL,
	"enabled" boolean DEFAULT true NOT NULL,
	"labels" text[] NOT NULL,
	"camera_ids" text[] NOT NULL,
	"zone_ids" uuid[] NOT NULL,
	"score_min" real NOT NULL,
	"risk_min" smallint NOT NULL,
	"schedule" jsonb,
	"cooldown_s" integer NOT NULL,
	"channel_ids" uuid[] NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "rules_score_min" CHECK (score_min between 0 and 1),
	CONSTRAINT "rules_risk_min" CHECK (risk_min between 0 and 100),
	CONSTRAINT "rules_cooldown" CHECK (cooldown_s >= 0)
);
--> statement-breakpoint
CREATE TABLE "stationary_objects" (
	"id" uuid PRIMARY KEY NOT NULL,
	"camera_id" text NOT NULL,
	"label" text NOT NULL,
	"box" jsonb NOT NULL,
	"first_seen_at" timestamp (3) with time zone NOT NULL,
	"last_seen_at" timestamp (3) with time zone NOT NULL,
	"sightings" integer NOT NULL,
	CONSTRAINT "stationary_objects_span" CHECK (first_seen_at <= last_seen_at and sightings > 0)
);
--> statement-breakpoint
CREATE TABLE "zones" (
	"id" uuid PRIMARY KEY NOT NULL,
	"camera_id" text NOT NULL,
	"name" text NOT NULL,
	"kind" text NOT NULL,
	"polygon" jsonb NOT NULL,
	"labels" text[] NOT NULL,
	"enabled" boolean DEFAULT true NOT NULL,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "zones_kind" CHECK ("zones"."kind" in ('watch', 'ignore'))
);
--> statement-breakpoint
ALTER TABLE "detections" ALTER COLUMN "event_id" DROP NOT NULL;--> statement-breakpoint
ALTER TABLE "detections" ADD COLUMN "zone_ids" uuid[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "detections" ADD COLUMN "suppressed_by" text;--> statement-breakpoint
ALTER TABLE "cameras" ADD COLUMN "purge_requested_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "frames" ADD COLUMN "trace_parent" text;--> statement-breakpoint
ALTER TABLE "outbox" ADD COLUMN "trace_parent" text;--> statement-breakpoint
ALTER TABLE "alerts" ADD CONSTRAINT "alerts_rule_id_rules_id_fk" FOREIGN KEY ("rule_id") REFERENCES "public"."rules"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alerts" ADD CONSTRAINT "alerts_event_id_events_id_fk" FOREIGN KEY ("event_id") REFERENCES "public"."events"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "alerts" ADD CONSTRAINT "alerts_camera_id_cameras_id_fk" FOREIGN KEY ("camera_id") REFERENCES "public"."cameras"("id") ON DELETE no action ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_channel_id_channels_id_fk" FOREIGN KEY ("channel_id") REFERENCES "public"."channels"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "deliveries" ADD CONSTRAINT "deliveries_alert_id_alerts_id_fk" FOREIGN KEY ("alert_id") REFERENCES "public"."alerts"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "stationary_objects" ADD CONSTRAINT "stationary_objects_camera_id_cameras_id_fk" FOREIGN KEY ("camera_id") REFERENCES "public"."cameras"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "zones" ADD CONSTRAINT "zones_camera_id_cameras_id_fk" FOREIGN KEY ("camera_id") REFERENCES "public"."cameras"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE UNIQUE INDEX "alerts_once" ON "alerts" USING btree ("rule_id","event_id");--> statement-breakpoint
CREATE INDEX "alerts_event" ON "alerts" USING btree ("event_id");--> statement-breakpoint
CREATE INDEX "alerts_cooldown" ON "alerts" USING btree ("rule_id","camera_id","captured_at");--> statement-breakpoint
CREATE INDEX "alerts_newest" ON "alerts" USING btree ("created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "alerts_camera_newest" ON "alerts" USING btree ("camera_id","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE UNIQUE INDEX "api_keys_hash" ON "api_keys" USING btree ("key_hash");--> statement-breakpoint
CREATE INDEX "api_keys_newest" ON "api_keys" USING btree ("created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "audit_newest" ON "audit" USING btree ("at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "audit_action_newest" ON "audit" USING btree ("action","at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "audit_actor_newest" ON "audit" USING btree ("actor_id","at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "audit_target_newest" ON "audit" USING btree ("target_id","at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "channels_newest" ON "channels" USING btree ("created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "deliveries_pending" ON "deliveries" USING btree ("channel_id","available_at","id") WHERE state = 'pending';--> statement-breakpoint
CREATE INDEX "deliveries_leased" ON "deliveries" USING btree ("lease_expires_at") WHERE state = 'leased';--> statement-breakpoint
CREATE INDEX "deliveries_channel_newest" ON "deliveries" USING btree ("channel_id","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "deliveries_alert" ON "deliveries" USING btree ("alert_id");--> statement-breakpoint
CREATE INDEX "deliveries_ended" ON "deliveries" USING btree ("created_at") WHERE state in ('done', 'dead');--> statement-breakpoint
CREATE INDEX "ended_sessions_expires" ON "ended_sessions" USING btree ("expires_at");--> statement-breakpoint
CREATE INDEX "idempotent_answers_oldest" ON "idempotent_answers" USING btree ("created_at");--> statement-breakpoint
CREATE INDEX "frames_examined" ON "frames" USING btree ("processed_at") WHERE state = 'done';--> statement-breakpoint
CREATE INDEX "rules_newest" ON "rules" USING btree ("created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "stationary_objects_camera" ON "stationary_objects" USING btree ("camera_id");--> statement-breakpoint
CREATE INDEX "zones_camera_newest" ON "zones" USING btree ("camera_id","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
ALTER TABLE "cameras" ADD CONSTRAINT "cameras_purged" CHECK (purge_requested_at is null or deleted_at is not null);--> statement-breakpoint
ALTER TABLE "detections" ADD CONSTRAINT "detections_suppressed" CHECK ((event_id is null) = (suppressed_by is not null));--> statement-breakpoint
ALTER TABLE "detections" ADD CONSTRAINT "detections_suppressed_by" CHECK (suppressed_by in ('ignore_zone', 'outside_zones', 'stationary'));
