import { Presets, SingleBar } from 'cli-progress';

/** A bar of files on a terminal, nothing elsewhere: a log of a nightly backup needs no steps. */
export function createFilesProgress(terminal: boolean) {
  const format = '{what} {bar} {value}/{total} files';
  const bar = terminal ? new SingleBar({ format, barsize: 40, clearOnComplete: true }, Presets.rect) : undefined;
  let what: string | undefined;
  return {
    show(now: string, files: number, filesTotal: number | undefined): void {
      if (what !== now) bar?.start(filesTotal ?? 0, files, { what: now });
      what = now;
      bar?.setTotal(filesTotal ?? files);
      bar?.update(files);
    },
    close: (): void => bar?.stop(),
  };
}
