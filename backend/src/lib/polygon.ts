/** Polygons in a plane: whether a list of corners is one at all, and whether a point lies in it. */
export type Point = readonly [x: number, y: number];
export type Polygon = readonly Point[];

/** Nearer than this is the same place: beyond the rounding of fractions, far below a pixel of any picture. */
const NEAR = 1e-9;

/** Whether the point lies in the polygon; its border belongs to it. */
export function isInside(polygon: Polygon, point: Point): boolean {
  const [x, y] = point;
  let inside = false;
  for (let at = 0; at < polygon.length; at += 1) {
    const [from, to] = edgeAt(polygon, at);
    if (isOnEdge(from, to, point)) return true;
    // A ray to the right crosses the border an odd number of times; a corner belongs to the lower one of its edges.
    const crosses = from[1] > y !== to[1] > y;
    if (crosses && x < from[0] + ((y - from[1]) / (to[1] - from[1])) * (to[0] - from[0])) inside = !inside;
  }
  return inside;
}

/** Why these corners, in their order, are no simple polygon of at least this area; undefined when they are. */
export function findPolygonFault(polygon: Polygon, areaMin: number): string | undefined {
  return findDouble(polygon) ?? findCrossing(polygon) ?? findFlatness(polygon, areaMin);
}

function findDouble(polygon: Polygon): string | undefined {
  for (const [index, corner] of polygon.entries()) {
    const first = polygon.findIndex((other) => distance(other, corner) <= NEAR);
    if (first === index) continue;
    const hint = first === 0 && index === polygon.length - 1 ? ': leave it out, the polygon closes by itself' : '';
    return `corner ${index + 1} is where corner ${first + 1} is${hint}`;
  }
  return undefined;
}

function findCrossing(polygon: Polygon): string | undefined {
  const count = polygon.length;
  for (let one = 0; one < count; one += 1)
    for (let other = one + 1; other < count; other += 1)
      if (areCrossing(polygon, one, other))
        return `the side from corner ${toName(one, count)} meets the side from corner ${toName(other, count)}: sides must not cross`;
  return undefined;
}

const toName = (edge: number, count: number): string => `${edge + 1} to ${((edge + 1) % count) + 1}`;

function areCrossing(polygon: Polygon, one: number, other: number): boolean {
  const [a, b] = edgeAt(polygon, one);
  const [c, d] = edgeAt(polygon, other);
  // Neighbours share a corner, and may share no more: one must not lie back upon the other.
  if (other === one + 1) return isOnEdge(a, b, d) || isOnEdge(c, d, a);
  if (one === 0 && other === polygon.length - 1) return isOnEdge(a, b, c) || isOnEdge(c, d, b);
  const isTouching = isOnEdge(a, b, c) || isOnEdge(a, b, d) || isOnEdge(c, d, a) || isOnEdge(c, d, b);
  return isTouching || (turn(a, b, c) * turn(a, b, d) < 0 && turn(c, d, a) * turn(c, d, b) < 0);
}

function findFlatness(polygon: Polygon, areaMin: number): string | undefined {
  const area = polygon.reduce((sum, _, at) => {
    const [[x, y], [nextX, nextY]] = edgeAt(polygon, at);
    return sum + (x * nextY - nextX * y) / 2;
  }, 0);
  return Math.abs(area) < areaMin ? `has nearly no area: it must cover at least ${areaMin} of the whole` : undefined;
}

/** From a corner to the next one. */
function edgeAt(polygon: Polygon, at: number): readonly [Point, Point] {
  const [from, to] = [polygon[at], polygon[(at + 1) % polygon.length]];
  if (!from || !to) throw new RangeError(`a polygon of ${polygon.length} corners has no corner ${at}`);
  return [from, to];
}

const distance = (a: Point, b: Point): number => Math.hypot(a[0] - b[0], a[1] - b[1]);

/** Above 0 where the way from a over b to c turns left, below where it turns right. */
const turn = (a: Point, b: Point, c: Point): number => (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);

function isOnEdge(from: Point, to: Point, point: Point): boolean {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const along = ((point[0] - from[0]) * dx + (point[1] - from[1]) * dy) / (dx * dx + dy * dy || 1);
  const nearest = Math.min(1, Math.max(0, along));
  return distance([from[0] + nearest * dx, from[1] + nearest * dy], point) <= NEAR;
}
