import type { DetectorBackend } from '../detector.ts';
import type { Layout } from './layout.ts';
import { toMs, type Qualified } from './trial/qualify.ts';

/** A provider's place in the order of preference. */
export interface Link {
  readonly layout: Layout;
  /** There is nothing to fall back to. */
  readonly isLast: boolean;
  /** Why it is not, or no longer, used; null when it is, or may be. The last one is never out for good. */
  out: string | null;
}

export function toLinks(layouts: readonly Layout[], findAbsence: (layout: Layout) => string | null): readonly Link[] {
  return layouts.map((layout, index) => ({ layout, isLast: index === layouts.length - 1, out: findAbsence(layout) }));
}

/** `active` is the link in use; its `fault` says why it cannot compute at the moment. */
export function toBackends(links: readonly Link[], active: Link | undefined, fault: string | null): DetectorBackend[] {
  return links.map((link) => {
    const { provider: name } = link.layout;
    const reason = link === active ? fault : link.out;
    if (reason !== null) return { name, state: 'unavailable', reason };
    return { name, state: link === active ? 'in_use' : 'standby', reason };
  });
}

/** What is said once it is known what computes, and why the others do not. */
export function toAnnouncement(links: readonly Link[], active: Link, { pictureMs, notes }: Qualified): string {
  const facts = [...(pictureMs === undefined ? [] : [`${toMs(pictureMs)} a picture`]), ...notes];
  const others = links.flatMap(({ layout, out }) => (out === null ? [] : [`${layout.provider}: ${out}`]));
  return [`computes on ${active.layout.provider}${facts.length > 0 ? ` (${facts.join('; ')})` : ''}`, ...others].join(
    '; ',
  );
}
