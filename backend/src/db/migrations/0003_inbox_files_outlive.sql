ALTER TABLE "inbox_files" DROP CONSTRAINT "inbox_files_one";--> statement-breakpoint
ALTER TABLE "inbox_files" DROP CONSTRAINT "inbox_files_frame_id_frames_id_fk";
--> statement-breakpoint
ALTER TABLE "inbox_files" DROP CONSTRAINT "inbox_files_clip_id_clips_id_fk";
--> statement-breakpoint
ALTER TABLE "inbox_files" ADD CONSTRAINT "inbox_files_frame_id_frames_id_fk" FOREIGN KEY ("frame_id") REFERENCES "public"."frames"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "inbox_files" ADD CONSTRAINT "inbox_files_clip_id_clips_id_fk" FOREIGN KEY ("clip_id") REFERENCES "public"."clips"("id") ON DELETE set null ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "inbox_files_unkept" ON "inbox_files" USING btree ("path") WHERE frame_id is null and clip_id is null;--> statement-breakpoint
ALTER TABLE "inbox_files" ADD CONSTRAINT "inbox_files_one" CHECK (frame_id is null or clip_id is null);