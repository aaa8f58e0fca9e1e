import type { OnnxGraph } from '../onnx/onnx-proto.ts';

/** The graph and all graphs inside it: the branches of `If`, the bodies of `Loop` and `Scan`. */
export function graphsOf(graph: OnnxGraph): OnnxGraph[] {
  const inner = graph.node.flatMap((node) =>
    (node.attribute ?? []).flatMap(({ g, graphs }) => [...(g ? [g] : []), ...(graphs ?? [])]),
  );
  return [graph, ...inner.flatMap(graphsOf)];
}

/** Every name of a tensor, inner graphs included: they see the outer names, and may not use them anew. */
export function tensorNames(graph: OnnxGraph): Set<string> {
  const names = new Set<string>();
  visitNames(graph, (name) => {
    names.add(name);
    return name;
  });
  return names;
}

/** Renames tensors wherever they are made, used or told of. */
export function renameTensors(graph: OnnxGraph, names: ReadonlyMap<string, string>): void {
  visitNames(graph, (name) => names.get(name) ?? name);
}

/** New names for those of the network's tensors that are wanted for something else. */
export function findFreshNames(graph: OnnxGraph, isWanted: (name: string) => boolean): Map<string, string> {
  const taken = tensorNames(graph);
  const fresh = new Map<string, string>();
  for (const name of [...taken].filter(isWanted)) {
    let other = `network_${name}`;
    while (taken.has(other) || isWanted(other)) other = `network_${other}`;
    taken.add(other);
    fresh.set(name, other);
  }
  return fresh;
}

type Visit = (name: string) => string;

function visitNames(graph: OnnxGraph, visit: Visit): void {
  // An empty name stands for an input that is left out.
  const all = (names: readonly string[]): string[] => names.map((name) => (name === '' ? '' : visit(name)));
  for (const part of graphsOf(graph)) {
    for (const node of part.node) [node.input, node.output] = [all(node.input), all(node.output)];
    for (const tensor of part.initializer) tensor.name = visit(tensor.name);
    for (const { values } of part.sparseInitializer ?? []) if (values) values.name = visit(values.name);
    for (const info of [...part.input, ...part.output, ...(part.valueInfo ?? [])]) info.name = visit(info.name);
    for (const note of part.quantizationAnnotation ?? [])
      if (note.tensorName !== undefined) note.tensorName = visit(note.tensorName);
  }
}
