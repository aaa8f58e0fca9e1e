import { defineConfig } from 'vitest/config';
import projects from './vitest.workspace.ts';

// One more than two cores have room for: many stories wait more than they compute.
export default defineConfig({ test: { projects, maxWorkers: 3, reporters: ['default'] } });
