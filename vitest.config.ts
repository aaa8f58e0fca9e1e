import { defineConfig } from 'vitest/config';
import { toScratchDir } from './backend/tests/harness/scratch.ts';
import projects from './vitest.workspace.ts';

// Of this process, and so of all that it starts.
process.env['TMPDIR'] = toScratchDir();

// Two for each of two cores: many stories wait more than they compute.
export default defineConfig({ test: { projects, maxWorkers: 4, reporters: ['default'] } });
