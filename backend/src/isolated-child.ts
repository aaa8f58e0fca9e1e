/** The program of the process that examines suspects (suspects.ts): the configured detectors, in a process of their own. */
import { serveIsolated } from './detect/index.ts';
import { createLog } from './lib/log.ts';
import { createClosers } from './lib/lifecycle.ts';
import { openDetectors, type DetectorConfig } from './parts.ts';

/** What goes wrong is told to the process that started this one, which has the log. */
const log = createLog({ level: 'silent', format: 'json' });

// It is killed, never closed.
serveIsolated<DetectorConfig>((config) => openDetectors(config, log, createClosers({ log })));
