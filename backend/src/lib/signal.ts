/** Joins one who tells to those who listen, where the teller must be opened before the listener. */
export interface Signal {
  readonly emit: () => void;
  readonly on: (listener: () => void) => void;
}

export function createSignal(): Signal {
  const listeners: (() => void)[] = [];
  return {
    emit: () => listeners.forEach((listener) => listener()),
    on: (listener) => void listeners.push(listener),
  };
}
