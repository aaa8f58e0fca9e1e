import { defineConfig } from 'vitest/config';
import projects from './vitest.workspace.ts';

// Two for each of two cores: many stories wait more than they compute.
export default defineConfig({ test: { projects, maxWorkers: 4, reporters: ['default'] } });
