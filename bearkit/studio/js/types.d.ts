// What the modules of the studio's page hand to each other, and what the functions of the studio answer.

/** A function of the studio, which Gradio calls: plain values in and out. */
export type ServerFunction = (request: object) => Promise<any>;

/** What `open` of a module gets: its component, the functions of its tab, and Gradio's events. */
export interface Place {
  element: HTMLElement;
  server: Record<string, ServerFunction>;
  events: Record<string, () => void>;
}

/** Why the studio did not do it. `again`: the same may work later. `away`: the studio did not answer. */
export interface Failure {
  error: string;
  hint?: string;
  again?: boolean;
  away?: boolean;
}

/** Asks a function of the studio; no answer is an error too. */
export type Call = <Answer = object>(name: string, request: object) => Promise<Answer | Failure>;

// ---------------------------------------------------------------------------------------------------------- decisions

export type Action = 'keep' | 'delete' | 'label' | 'relabel' | 'unlabel';

export interface Choice {
  image_id: string;
  action: Action;
  to: string | null;
}

/** What a reviewer decided at once; see `store` of outbox.py. */
export interface Step {
  project: string;
  kind: string;
  reviewer: string;
  run: string | null;
  since: number;
  view: string;
  implied: boolean;
  token: string;
  choices: Choice[];
  called?: string;
}

/** The studio's answer to a step that it stored. */
export interface Stored {
  stored?: string[];
  labels?: Record<string, string>;
  others?: Record<string, string>;
  notes?: string[];
  order?: string[];
}

/** A step that waits in this browser. `refused` says why the studio did not store it; "" if it did not refuse. */
export interface Waiting {
  key: string;
  project: string;
  step: Pick<Step, 'token' | 'choices'> & Partial<Step>;
  persisted: boolean;
  refused: string;
}

/** What the outbox tells its listeners. `back`: the studio answers again. `pressed`: one of its buttons was pressed. */
export type OutboxEvent =
  | { kind: 'change' | 'back' | 'pressed' }
  | { kind: 'stored'; step: Waiting['step']; answer: Stored }
  | { kind: 'refused' | 'discarded'; step: Waiting['step'] };

/** The project that this address serves: the name of its catalogue, and what people call it. */
export interface Served {
  project: string;
  called: string;
}

declare global {
  interface Window {
    gradio_config?: {
      root?: string;
      api_prefix?: string;
      components?: { id: number; props?: { elem_id?: string } }[];
    };
  }
}
