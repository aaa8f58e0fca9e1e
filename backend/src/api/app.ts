import { addAudit } from './identity/audit.ts';
import { addAlerts } from './alerting/alerts.ts';
import { addRules } from './alerting/rules.ts';
import { addRuleTests } from './alerting/rule-test.ts';
import { addCameras } from './cameras.ts';
import { addChannels } from './channels/channels.ts';
import { addDeliveries } from './channels/deliveries.ts';
import { addClips } from './clips.ts';
import { addDashboard } from './dashboard.ts';
import { addDeepstack } from './detector-server/deepstack-route.ts';
import { addDetect } from './detector-server/detect-routes.ts';
import { addDetections } from './detections.ts';
import { addDocs } from './docs.ts';
import { addEdge } from './edge.ts';
import { addEventAnalysis } from './event-analysis.ts';
import { addEventParts } from './event-parts.ts';
import { addEventExport } from './event-export.ts';
import { addEvents } from './events.ts';
import { addFramePictures } from './frame-pictures.ts';
import { addFrameUpload } from './frame-upload.ts';
import { addFrames } from './frames.ts';
import { addSystemConfig } from './system-config.ts';
import { addGpu } from './gpu.ts';
import { createGuests } from './detector-server/guests.ts';
import { addKeys } from './identity/keys.ts';
import { addMetrics } from './metrics.ts';
import { addOpenApi } from './openapi.ts';
import type { ApiOptions } from './options.ts';
import { createEmptyApp, type ApiApp } from './route-parts.ts';
import { addRequeue } from './requeue.ts';
import { addSession } from './session.ts';
import { addStats } from './stats.ts';
import { addSystem } from './system.ts';
import { addZones } from './zones.ts';

/** All routes behind one edge. */
export function createApp(options: ApiOptions): ApiApp {
  const app = createEmptyApp();
  addEdge(app, options);
  addSystem(app, options);
  addMetrics(app, options);
  addSession(app, options);
  addKeys(app, options);
  addAudit(app, options);
  addCameras(app, options);
  addZones(app, options);
  addFrames(app, options);
  addFrameUpload(app, options);
  addRequeue(app, options);
  addFramePictures(app, options);
  addClips(app, options);
  addDetections(app, options);
  addEventExport(app, options); // before `/api/events/{id}`, which would take it for an id
  addEvents(app, options);
  addEventParts(app, options);
  addEventAnalysis(app, options);
  addChannels(app, options);
  addDeliveries(app, options);
  addRules(app, options);
  addRuleTests(app, options);
  addAlerts(app, options);
  addStats(app, options);
  addGpu(app, options);
  addSystemConfig(app, options);
  const guests = createGuests(options);
  addDetect(app, options, guests);
  addDeepstack(app, options, guests);
  addOpenApi(app);
  addDocs(app);
  addDashboard(app);
  return app;
}

export type HealthOptions = Pick<
  ApiOptions,
  | 'authenticator'
  | 'rateLimiter'
  | 'clock'
  | 'db'
  | 'figures'
  | 'log'
  | 'health'
  | 'onRequest'
  | 'readiness'
  | 'system'
  | 'pipeline'
>;

/** What a process without the API tells of itself, behind the same edge. */
export function createHealthApp(options: HealthOptions): ApiApp {
  const app = createEmptyApp();
  addEdge(app, options);
  addSystem(app, options);
  addMetrics(app, options);
  return app;
}
