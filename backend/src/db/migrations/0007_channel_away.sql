ALTER TABLE "channels" ADD COLUMN "away_since" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "channels" ADD COLUMN "away_kind" text;--> statement-breakpoint
ALTER TABLE "channels" ADD COLUMN "away_reason" text;--> statement-breakpoint
ALTER TABLE "channels" ADD CONSTRAINT "channels_away" CHECK (num_nulls(away_since, away_kind, away_reason) in (0, 3));