/** Zones: where in a camera's picture things count. */
export const zoneKinds = ['watch', 'ignore'] as const;
export type ZoneKind = (typeof zoneKinds)[number];

export interface Zone {
  readonly id: string;
  readonly cameraId: string;
  readonly name: string;
  /** `watch`: only what stands in one of these counts. `ignore`: what stands here does not. */
  readonly kind: ZoneKind;
  /** Corners [x, y], as shares of the picture's width and height, 0..1. */
  readonly polygon: readonly (readonly [number, number])[];
  /** The labels that it is about; none means all. */
  readonly labels: readonly string[];
  readonly enabled: boolean;
  readonly createdAt: Date;
}

/** Why a detection does not count towards an event. */
export const suppressions = ['ignore_zone', 'outside_zones', 'stationary'] as const;
export type Suppression = (typeof suppressions)[number];
