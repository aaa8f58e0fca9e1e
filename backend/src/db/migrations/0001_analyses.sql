CREATE TABLE "analyses" (
	"id" uuid PRIMARY KEY NOT NULL,
	"event_id" uuid NOT NULL,
	"requested_at" timestamp (3) with time zone NOT NULL,
	"finished_at" timestamp (3) with time zone NOT NULL,
	"analyzer" text NOT NULL,
	"model" text,
	"prompt" jsonb,
	"answer" text,
	"outcome" text NOT NULL,
	"error_kind" text,
	"error_message" text,
	"risk_score" smallint,
	"duration_ms" integer NOT NULL,
	"tokens_in" integer,
	"tokens_out" integer,
	CONSTRAINT "analyses_analyzer" CHECK ("analyses"."analyzer" in ('rules', 'llm')),
	CONSTRAINT "analyses_outcome" CHECK (case "analyses"."outcome" when 'ok' then coalesce(risk_score between 0 and 100, false) and error_kind is null and error_message is null
        when 'error' then risk_score is null and error_kind is not null and error_message is not null else false end),
	CONSTRAINT "analyses_figures" CHECK (duration_ms >= 0 and tokens_in >= 0 and tokens_out >= 0)
);
--> statement-breakpoint
ALTER TABLE "events" ADD COLUMN "analysis_due_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "events" ADD COLUMN "analysis_requested" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "events" ADD COLUMN "analysis_attempts" integer DEFAULT 0 NOT NULL;--> statement-breakpoint
ALTER TABLE "events" ADD COLUMN "analysis_lease_id" uuid;--> statement-breakpoint
ALTER TABLE "events" ADD COLUMN "analysis_lease_until" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "analyses" ADD CONSTRAINT "analyses_event_id_events_id_fk" FOREIGN KEY ("event_id") REFERENCES "public"."events"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "analyses_event_newest" ON "analyses" USING btree ("event_id","requested_at" DESC NULLS FIRST,"id" DESC NULLS FIRST);--> statement-breakpoint
CREATE INDEX "events_analysis_due" ON "events" USING btree ("analysis_requested" DESC NULLS FIRST,"ended_at" DESC NULLS FIRST,"id" DESC NULLS FIRST) WHERE analysis_due_at is not null;--> statement-breakpoint
ALTER TABLE "events" ADD CONSTRAINT "events_analysis_lease" CHECK ((analysis_lease_id is null) = (analysis_lease_until is null));--> statement-breakpoint
ALTER TABLE "events" ADD CONSTRAINT "events_analysis_attempts" CHECK (analysis_attempts >= 0);--> statement-breakpoint
-- Written by hand: closed events of before wait for their analysis as those from now on do.
UPDATE "events" SET "analysis_due_at" = now() WHERE "state" = 'closed';
