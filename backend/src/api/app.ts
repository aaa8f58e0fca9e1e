import { addCameras } from './cameras.ts';
import { addClips } from './clips.ts';
import { addDashboard } from './dashboard.ts';
import { addDeepstack } from './detector-server/deepstack-route.ts';
import { addDetect } from './detector-server/detect-routes.ts';
import { addDetections } from './detections.ts';
import { addEdge } from './edge.ts';
import { addEventAnalysis } from './event-analysis.ts';
import { addEventParts } from './event-parts.ts';
import { addEventExport } from './event-export.ts';
import { addEvents } from './events.ts';
import { addFramePictures } from './frame-pictures.ts';
import { addFrames } from './frames.ts';
import { addGpu } from './gpu.ts';
import { createGuests } from './detector-server/guests.ts';
import { addMetrics } from './metrics.ts';
import { addOpenApi } from './openapi.ts';
import type { ApiOptions } from './options.ts';
import { createEmptyApp, type ApiApp } from './route-parts.ts';
import { addRequeue } from './requeue.ts';
import { addSession } from './session.ts';
import { addStats } from './stats.ts';
import { addSystem } from './system.ts';

/** All routes behind one edge. */
export function createApp(options: ApiOptions): ApiApp {
  const app = createEmptyApp();
  addEdge(app, options);
  addSystem(app, options);
  addMetrics(app, options);
  addSession(app, options);
  addCameras(app, options);
  addFrames(app, options);
  addRequeue(app, options);
  addFramePictures(app, options);
  addClips(app, options);
  addDetections(app, options);
  addEventExport(app, options); // before `/api/events/{id}`, which would take it for an id
  addEvents(app, options);
  addEventParts(app, options);
  addEventAnalysis(app, options);
  addStats(app, options);
  addGpu(app, options);
  const guests = createGuests(options);
  addDetect(app, options, guests);
  addDeepstack(app, options, guests);
  addOpenApi(app);
  addDashboard(app);
  return app;
}

export type HealthOptions = Pick<
  ApiOptions,
  'authenticator' | 'clock' | 'log' | 'health' | 'readiness' | 'system' | 'pipeline'
>;

/** What a process without the API tells of itself, behind the same edge. */
export function createHealthApp(options: HealthOptions): ApiApp {
  const app = createEmptyApp();
  addEdge(app, options);
  addSystem(app, options);
  addMetrics(app, options);
  return app;
}
