// The models that can answer, asked for once.

import type { Facts, IModels } from './kernels';

export class ModelList {
  private _known: IModels | null = null;
  private _asked: Promise<IModels | null> | null = null;

  constructor(private readonly _facts: Facts) {}

  get known(): IModels | null {
    return this._known;
  }

  /** What there is; null while the server does not tell. */
  get(): Promise<IModels | null> {
    this._asked ??= this._facts.models().then(
      told => (this._known = told),
      () => (this._asked = null)
    );
    return this._asked;
  }

  /** Ask anew next time: settings have changed. */
  forget(): void {
    this._asked = null;
  }
}
