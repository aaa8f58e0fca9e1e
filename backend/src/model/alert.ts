/** Alerts: an event in which a rule found what somebody wants to be told of. */
import type { RiskLevel } from './index.ts';

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof weekdays)[number];

/** Spans of a week, by the clock of `timeZone`. */
export interface Schedule {
  /** IANA name. */
  readonly timeZone: string;
  readonly windows: readonly {
    /** The days on which it begins. */
    readonly days: readonly Weekday[];
    /** `HH:MM`; included. */
    readonly from: string;
    /** `HH:MM`; not included. When it is not after `from`, it is that of the next day. */
    readonly until: string;
  }[];
}

/** Empty lists mean all. */
export interface Rule {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly labels: readonly string[];
  readonly cameraIds: readonly string[];
  readonly zoneIds: readonly string[];
  /** 0..1, of one detection. */
  readonly scoreMin: number;
  /** 0..100, of the event. */
  readonly riskMin: number;
  /** Null: at all times. */
  readonly schedule: Schedule | null;
  readonly cooldownS: number;
  readonly channelIds: readonly string[];
  readonly createdAt: Date;
}

export interface Alert {
  readonly id: string;
  /** Null once the rule is gone. */
  readonly ruleId: string | null;
  readonly ruleName: string;
  readonly eventId: string;
  readonly cameraId: string;
  /** The frame that shows it. */
  readonly frameId: string;
  readonly capturedAt: Date;
  readonly createdAt: Date;
  /** Of the strongest detection that matched. */
  readonly label: string;
  readonly score: number;
  readonly zoneIds: readonly string[];
  readonly riskScore: number;
  readonly riskLevel: RiskLevel;
  readonly summary: string;
  readonly acknowledgedAt: Date | null;
  readonly acknowledgedBy: string | null;
}

/** Of the start of events: `since` is included, `until` is not. */
export interface TrialSpan {
  readonly since: Date;
  readonly until: Date;
}

/** An alert that a rule would have made. */
export type TrialAlert = Pick<
  Alert,
  'eventId' | 'cameraId' | 'frameId' | 'capturedAt' | 'label' | 'score' | 'zoneIds' | 'riskScore'
> & { readonly suppressedByCooldown: boolean };

/** What a rule would have made of past events. */
export interface RuleTrial {
  readonly eventsExamined: number;
  /** Oldest first, the first of them. */
  readonly wouldAlert: readonly TrialAlert[];
  /** Events that match, those within a cool-down included; and these alone. */
  readonly total: number;
  readonly suppressed: number;
  readonly truncated: boolean;
  /** The start of the last event that was examined, where there was too much to examine; null when all was. */
  readonly stoppedAt: Date | null;
}
