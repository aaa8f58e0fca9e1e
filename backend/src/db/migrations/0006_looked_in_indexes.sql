DROP INDEX "alerts_newest";--> statement-breakpoint
DROP INDEX "alerts_camera_newest";--> statement-breakpoint
DROP INDEX "detections_newest";--> statement-breakpoint
DROP INDEX "detections_camera_newest";--> statement-breakpoint
DROP INDEX "detections_label_newest";--> statement-breakpoint
DROP INDEX "detections_camera_label_newest";--> statement-breakpoint
CREATE INDEX "alerts_newest" ON "alerts" USING btree ("created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST,"risk_level","acknowledged_at","rule_id");--> statement-breakpoint
CREATE INDEX "alerts_camera_newest" ON "alerts" USING btree ("camera_id","created_at" DESC NULLS FIRST,"id" DESC NULLS FIRST,"risk_level","acknowledged_at","rule_id");--> statement-breakpoint
CREATE INDEX "detections_newest" ON "detections" USING btree ("captured_at" DESC NULLS FIRST,"id" DESC NULLS FIRST,"score","suppressed_by");--> statement-breakpoint
CREATE INDEX "detections_camera_newest" ON "detections" USING btree ("camera_id","captured_at" DESC NULLS FIRST,"id" DESC NULLS FIRST,"score","suppressed_by");--> statement-breakpoint
CREATE INDEX "detections_label_newest" ON "detections" USING btree ("label","captured_at" DESC NULLS FIRST,"id" DESC NULLS FIRST,"score","suppressed_by");--> statement-breakpoint
CREATE INDEX "detections_camera_label_newest" ON "detections" USING btree ("camera_id","label","captured_at" DESC NULLS FIRST,"id" DESC NULLS FIRST,"score","suppressed_by");