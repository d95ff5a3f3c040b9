// What travels between the page and the server. Made from the server's types by `make wire`; not edited by hand.

/** One tool call of a turn, in short. */
export interface Action {
  /** Of the call. */
  call_id: string;
  /** Its tool. */
  tool: string;
  /** The tool's. */
  effect: 'execute' | 'read' | 'write';
  /** What became of it. */
  status: 'denied' | 'done' | 'failed' | 'interrupted' | 'needs_approval';
  /** The tool's, see `ToolSpec`. */
  title: string;
  /** Likewise. */
  icon: string;
  /** Of what would have to be approved, where nobody could be asked; as in `ApprovalAsked`. Empty where something of it is withheld. */
  digest: string;
  /** Likewise, without secrets. */
  preview: string;
  /** Likewise. */
  reasons: Reason[];
  /** All that it does, where that is more than `effect`. */
  effects: ('execute' | 'read' | 'write')[];
}

/** A step on the way to an answer: a text, or a tool call, which has all the other fields. */
export interface AnswerStep {
  arguments?: Record<string, any>;
  call_id?: string;
  /** the call's result, shortened */
  content?: string;
  effect?: 'execute' | 'read' | 'write';
  /** name of a JupyterLab icon */
  icon?: string;
  status?: 'denied' | 'done' | 'failed' | 'interrupted' | 'needs_approval';
  text?: string;
  /** the tool's name for people */
  title?: string;
  tool?: string;
}

/** A call waits for the user; the answer must carry the same `digest`. */
export interface ApprovalAsked {
  /** Of the call. */
  call_id: string;
  /** Its tool. */
  tool: string;
  /** The tool's. */
  effect: 'execute' | 'read' | 'write';
  /** As the model gave them. */
  arguments: Record<string, any>;
  /** SHA-256 (hex) of what would be done, and where. */
  digest: string;
  /** What would run or be written, with characters spelled out that a reader does not see. */
  preview: string;
  /** Why it is asked about in every mode; empty where only the mode asks. */
  reasons: Reason[];
  /** All that it does, where that is more than `effect`: a cell that is written and run. */
  effects: ('execute' | 'read' | 'write')[];
  /** Whether the user's yes can stand for the conversation. */
  may_stand: boolean;
  /** The tool's, see `ToolSpec`. */
  title: string;
  /** Likewise. */
  icon: string;
  /** Likewise. */
  display: CallDisplay | null;
}

/** What waits for the user's approval now, in whichever entry point it was asked. */
export interface ApprovalsReply {
  approvals: PendingApproval[];
}

/** Where a new conversation branches off. */
export interface BranchRequest {
  /** A turn of the conversation; its head if missing */
  turn_id?: string | null;
}

/** The user's decision on a call, or what the caller did for it. */
export interface CallAnswer {
  decision?: 'approve' | 'deny';
  /** the digest of the approval that is answered; required with one */
  digest?: string | null;
  /** with a denial: what the model is to know */
  words?: string | null;
  /** conversation: what is approved is not asked about again in this conversation, unless there are reasons to */
  scope?: 'conversation' | 'once' | null;
  result?: CallResult | null;
}

/** The answer has reached its turn. */
export interface CallAnswerReply {
  call_id: string;
  status: 'accepted';
}

/** How people are shown the calls of a tool, besides its title and icon. */
export interface CallDisplay {
  /** What a call does to a cell: an edit is proposed at the cell. The source that an `insert` or `replace` would write is the preview of its review. */
  edit: 'delete' | 'insert' | 'move' | 'replace' | 'run' | null;
  /** Names of arguments that are shown as what they are; all others are shown as they are. */
  arguments?: Record<string, 'below' | 'cell_id' | 'previewed' | 'source'>;
  /** What is to be known before the tool is allowed, such as "All variables will be lost." */
  caution: string;
}

/** What came of code that the caller ran, or of an edit that it made. */
export interface CallResult {
  /** ok, or why it was not done; error: the code raised, or another reason, which text has */
  status: 'cell_changed' | 'died' | 'error' | 'not_found' | 'ok' | 'read_only' | 'still_running' | 'timeout' | 'unavailable';
  /** output, results and errors as text */
  text?: string | null;
  /** how many pictures it displayed */
  images?: number | null;
  change?: PostedChange | null;
  /** where the edit was not made: the cells as the page has them now */
  cells?: PostedCell[] | null;
  error?: PostedError | null;
}

/** The function of a call; `arguments` are JSON. */
export interface CalledFunction {
  name: string;
  arguments?: string | null;
}

/** The turn does not run any more; `ended`: it did not run when this was asked. */
export interface CancelReply {
  status: 'cancelled' | 'ended';
  turn_id: string;
}

/** The user stopped the turn; the answer so far is kept. */
export interface Cancelled {
  session_id: string;
  turn_id: string;
  reply: string;
}

/** What an edit did, so that it can be undone: swap before and after. */
export interface CellChange {
  /** Of the cell. */
  cell_id: string;
  /** The cell as nbformat 4 JSON data, outputs and metadata included; None where there was none. */
  before: Record<string, any> | null;
  /** The same afterwards; None for a deleted cell. */
  after: Record<string, any> | null;
  /** Id of the cell it stood below; empty for the top, None where there was no cell. */
  below_before: string | null;
  /** The same afterwards. */
  below_after: string | null;
}

/** One thing to do to one cell: compare and swap. */
export interface CellEdit {
  /** `run` changes the outputs only. */
  kind: 'delete' | 'insert' | 'move' | 'replace' | 'run';
  /** Of the cell; of a new cell, the id that it gets. */
  cell_id: string;
  /** SHA-256 (hex) of the source that the cell must still have; empty for a new cell. */
  source_hash: string;
  /** The new source, of `insert` and `replace`. */
  source: string;
  /** Of a new cell. */
  cell_type: 'code' | 'markdown' | 'raw';
  /** Of `insert` and `move`: id of the cell to stand below; empty for the top. */
  below: string;
  /** Kept in the metadata of a cell that is written, as `jupyter_agent`: who wrote it. */
  origin?: Record<string, any>;
}

/** A call in an assistant's message; `id` as the response had it. */
export interface ChatCall {
  id: string;
  function: CalledFunction;
}

/** A completion; the last four fields in a conversation that the server keeps. */
export interface ChatCompletionReply {
  choices: Record<string, any>[];
  created: number;
  /** where its numbers and names come from, if any of them comes from nowhere */
  grounding?: Grounding;
  id: string;
  messages?: Record<string, any>[];
  model: string;
  object: 'chat.completion';
  reply?: string;
  sessionId?: string;
  session_id?: string;
  system_fingerprint: null;
  usage: Record<string, any>;
  /** what the user should know of this answer */
  warnings?: string[];
}

/** As the OpenAI API has it; what is not listed here is accepted and not used. */
export interface ChatCompletionRequest {
  messages: ChatMessage[];
  /** one of GET …/v1/models, or a model of the configured provider */
  model?: string | null;
  stream?: boolean | null;
  stream_options?: Record<string, any> | null;
  /** the client's own */
  tools?: ChatTool[] | null;
  /** auto, none, required, a function of the client's, or allowed_tools: those of them that may be called */
  tool_choice?: any;
  parallel_tool_calls?: boolean | null;
  /** whether the agent has all its own tools as well as the client's; else only those that read */
  notebook_tools?: boolean | null;
  /** text, json_object or json_schema */
  response_format?: Record<string, any> | null;
  temperature?: number | null;
  top_p?: number | null;
  max_tokens?: number | null;
  max_completion_tokens?: number | null;
  stop?: string | string[] | null;
  seed?: number | null;
  frequency_penalty?: number | null;
  presence_penalty?: number | null;
  reasoning_effort?: string | null;
  n?: number | null;
  logprobs?: any;
  functions?: any;
  audio?: any;
  logit_bias?: any;
  prediction?: any;
  verbosity?: any;
  web_search_options?: any;
  /** the conversation that the server keeps */
  session_id?: string | null;
  /** the same */
  sessionId?: string | null;
  notebook_id?: string | null;
  /** what the agent may do unasked */
  approval?: 'ask' | 'auto' | 'auto-edit' | 'read-only' | null;
}

/** A function of the client's; `parameters` is a JSON Schema. */
export interface ChatFunction {
  name: string;
  description?: string | null;
  parameters?: Record<string, any> | null;
}

/** A message of a chat. */
export interface ChatMessage {
  role: 'assistant' | 'developer' | 'system' | 'tool' | 'user';
  content?: string | Record<string, any>[] | null;
  tool_calls?: ChatCall[] | null;
  /** of the call that this answers */
  tool_call_id?: string | null;
}

/** A name that may stand in `model`. */
export interface ChatModel {
  created: number;
  id: string;
  object: 'model';
  owned_by: string;
}

/** What may be named as the model. */
export interface ChatModelsReply {
  data: ChatModel[];
  object: 'list';
}

/** A tool of the client's. */
export interface ChatTool {
  type: 'function';
  function: ChatFunction;
}

/** How many conversations were too old and are removed. */
export interface CleanupReply {
  removed: number;
}

/** A conversation was deleted. */
export interface ClearedReply {
  /** ISO 8601 in UTC: until then POST …/restore brings it back; null where it cannot */
  restorable_until: string | null;
  session_id: string;
  status: 'cleared';
}

/** A fenced block of an answer. */
export interface CodeBlock {
  language: string;
  source: string;
}

/** The slash commands. */
export interface CommandsReply {
  commands: SlashCommand[];
}

/** Code to insert. */
export interface CompletionReply {
  /** may be empty */
  completion: string;
  model: string;
  /** what was lowered to the administrator's values */
  warnings: string[];
}

/** Code to be completed at the cursor. */
export interface CompletionRequest {
  /** the cell before the cursor */
  prefix: string;
  /** the cell after it */
  suffix?: string | null;
  /** of the cell; python if missing */
  language?: string | null;
  context?: QuestionContext | null;
  /** else the server's */
  model?: string | null;
}

/** What a question would send to its model. */
export interface ContextReply {
  /** what the request may have, its tools included */
  budget_tokens: number;
  /** what instructs the model, the strongest last */
  instructions: InstructionSourceInfo[];
  /** as they would be sent, without secrets */
  messages: SentMessage[];
  /** what would be asked */
  model: string;
  /** estimated, by part of the request; total is their sum */
  tokens: Record<string, number>;
  /** what the model would be offered */
  tools: OfferedTool[];
  warnings: string[];
  /** what the model takes, its answer included; null where that is not known */
  window_tokens: number | null;
  /** values that look secret and were left out */
  withheld: number;
}

/** That a question was not answered; `words` are those that were not understood. */
export interface Declined {
  words: string[];
}

/** A cell where Restart & Run All would stop, or give something else. */
export interface DoctorDifference {
  cell_id: string;
  names: string[];
  reason: string;
  /** whether it would differ after any run, as an unseeded draw does */
  varies: boolean;
  verdict: 'differs' | 'fails';
}

/** One thing in a notebook that is not as it looks. */
export interface DoctorFinding {
  /** ids of those that are not what they show; the one that it is about first */
  cells: string[];
  /** edited, stale, out_of_order, orphaned, never_run, and others */
  kind: string;
  /** the variables concerned */
  names: string[];
  /** in words */
  reason: string;
}

/** The doctor's report. */
export interface DoctorReply {
  findings: DoctorFinding[];
  /** the kernel that was asked */
  kernel_id: string | null;
  /** cell id to its name */
  labels: Record<string, string>;
  /** the same for a reader */
  markdown: string;
  restart_and_run_all: RestartPrediction;
  /** the fewest cells to run, in order, until everything is fresh */
  run: string[];
  /** what could not be known; not empty where no kernel could be asked */
  unknown: string[];
  warnings: string[];
}

/** A notebook to examine. */
export interface DoctorRequest {
  /** the notebook's path below the server's root */
  notebook_id?: string | null;
  /** an id of GET /api/kernels; else the notebook's kernel */
  kernel_id?: string | null;
  /** as the page has them */
  cells?: PostedCell[] | null;
}

/** The turn ended well and is durable. Its fields are the body of a reply without streaming. */
export interface Done {
  session_id: string;
  turn_id: string;
  reply: string;
  turn_count: number;
  model: string;
  finish_reason: 'deadline' | 'failed_runs' | 'length' | 'max_cost' | 'max_steps' | 'max_tokens' | 'max_tool_calls' | 'max_write_calls' | 'refused' | 'repeated_call' | 'stop';
  messages: Record<string, any>[];
  code: CodeBlock[];
  variables: string[];
  state: Record<string, any> | null;
  actions: Action[];
  warnings: string[];
  usage: Usage;
  plan: Plan | null;
  grounding: Grounding;
  declined: Declined | null;
  suggestions: Suggestion[];
}

/** An edit for the page that has the notebook open; it answers with the change it made. */
export interface EditAsked {
  call_id: string;
  edit: CellEdit;
}

/** What happened, and what to do. */
export interface ErrorReply {
  code: string;
  /** below /api/agent/v1: the same as the OpenAI API has it */
  error?: Record<string, any>;
  /** for people */
  message: string;
  /** found in the server's log */
  request_id: string;
  retryable: boolean;
  session_id?: string;
  turn_id?: string;
}

/** One run of one cell. */
export interface Execution {
  /** IPython's execution count, the number in `In [n]`. */
  count: number;
  /** The notebook's cell id, where the front end sent one. */
  cell_id: string | null;
  /** SHA-256 (hex) of the source that ran. */
  source_hash: string;
  /** The source that ran, shortened to the wire's budget. */
  source: string;
  /** How it ended. */
  status: 'error' | 'ok' | 'running';
  /** Seconds since the epoch. */
  started: number;
  /** Seconds; None while it runs. */
  duration: number | null;
  /** Names bound for the first time or bound anew. */
  bound: string[];
  /** Names whose value changed in place. */
  mutated: string[];
  /** Names removed. */
  deleted: string[];
  /** What was raised. */
  error: ExecutionError | null;
}

/** How a cell failed. */
export interface ExecutionError {
  name: string;
  message: string;
  frames: Frame[];
}

/** A conversation as GET …/export?format=json gives it. */
export interface ExportedSession {
  format: string;
  schema: number;
  session: Record<string, any>;
  turns: any;
}

/** The turn ended with an error; the answer so far is kept. */
export interface Failed {
  message: string;
  code: string;
  retryable: boolean;
  status: number;
  request_id?: string;
  /** The status that the model's server gave; 0 where it gave none. */
  upstream_status: number;
  /** Seconds after which it may be asked again, where it says so. */
  retry_after: number | null;
}

/** A server of models on this machine. */
export interface FoundServer {
  /** where it listens */
  base_url: string;
  /** as provider:model */
  models: string[];
  /** what stands before the colon in a model's name */
  provider: string;
  /** its name for people */
  title: string;
}

/** One frame of a traceback in the user's code. */
export interface Frame {
  /** Name of the function, `<module>` for the cell itself. */
  function: string;
  /** 1-based line in `source`. */
  line: number;
  /** The few lines around the failing one. */
  source: string;
  /** The cell the frame belongs to, where it is one. */
  cell_id: string | null;
  /** The frame's locals as name → one-line description. */
  variables?: Record<string, string>;
}

/** Where to go on. */
export interface GoRequest {
  /** A turn on any branch; null: before the first */
  turn_id: string | null;
}

/** A number or a name of an answer that comes from somewhere; `start` and `end` are characters of the answer. */
export interface GroundedText {
  text: string;
  start: number;
  end: number;
  kind: 'name' | 'number';
  source: GroundingSource;
}

/** Where an answer's numbers come from, and its names that the kernel has; and which come from nowhere. */
export interface Grounding {
  found: GroundedText[];
  missing: UngroundedText[];
}

/** Where something of an answer comes from. */
export interface GroundingSource {
  /** What the model was sent, what a tool returned or was called with, or two such numbers taken together. */
  kind: 'derived' | 'prompt' | 'tool';
  /** Of the call; of the cell, or else the name of the variable, that has it; empty where that is not known. */
  id: string;
}

/** How the assistant is. */
export interface HealthReply {
  model?: string;
  /** as in the settings */
  problems?: string[];
  session_scope?: string;
  status: 'degraded' | 'ok';
  /** ok, or the code of what is wrong with it */
  store?: string;
  version?: string;
}

/** One entry of a conversation's history: a question, which has `parent`, or an answer, which has the fields below it. */
export interface HistoryEntry {
  actions?: Action[];
  content: string;
  created_at: string;
  /** code of the error that ended the turn */
  error?: string | null;
  finish_reason?: 'deadline' | 'failed_runs' | 'length' | 'max_cost' | 'max_steps' | 'max_tokens' | 'max_tool_calls' | 'max_write_calls' | 'refused' | 'repeated_call' | 'stop' | null;
  /** where the answer's numbers and names come from */
  grounding?: Grounding;
  model?: string;
  /** the turn before it on its branch; null for a first one */
  parent?: string | null;
  /** that went with the question */
  pictures?: KeptPicture[];
  role: 'assistant' | 'user';
  /** how long the answer took */
  seconds?: number;
  status?: 'cancelled' | 'done' | 'failed' | 'interrupted';
  steps?: AnswerStep[];
  turn_id: string;
  usage?: Usage;
}

/** The last entries of a conversation, oldest first. */
export interface HistoryReply {
  history: HistoryEntry[];
  session_id: string;
  /** entries of the whole history; a question and its answer are two */
  turn_count: number;
}

/** Whether a text of a project instructs the agent for a user. */
export interface InstructionChoice {
  /** of the text, as it was shown */
  digest: string;
  /** null: the user is asked again */
  use: boolean | null;
  /** the notebook that it was shown for */
  notebook_id?: string | null;
}

/** A text in which people instruct the agent. */
export interface InstructionInfo {
  /** what the skill is for */
  description: string;
  /** of the text as it is; the answer to it names it */
  digest: string;
  /** below the server's root, or from the home folder; empty for the administrator's */
  path: string;
  /** why it is unusable */
  problem: string;
  /** whose it is */
  scope: 'administrator' | 'project' | 'user';
  /** the skill's name, which is read when a task needs it; empty for other texts */
  skill: string;
  /** whether it counts; asked: not until the user has accepted it */
  state: 'asked' | 'declined' | 'unusable' | 'used';
  /** all of it, without secrets; hidden characters are to be spelled out where it is shown */
  text: string;
}

/** A text in which people instruct the model, as far as it stands in a request. */
export interface InstructionSourceInfo {
  /** how many it has; of a skill, what is listed of it */
  characters: number;
  /** below the server's root, or from the home folder; empty for the administrator's */
  path: string;
  scope: 'administrator' | 'project' | 'user';
  /** how many of its characters stand in the request */
  sent: number;
  /** estimated */
  tokens: number;
}

/** What instructs the agent at a notebook, the strongest last. */
export interface InstructionsReply {
  instructions: InstructionInfo[];
  /** where the user's own file is; empty for users who have none here */
  user_path: string;
  warnings: string[];
}

/** The server stopped during the turn; the answer so far is kept. */
export interface Interrupted {
  session_id: string;
  turn_id: string;
  reply: string;
}

/** A picture that went with a question. */
export interface KeptPicture {
  bytes: number;
  /** its bytes in Base64; missing where they were too large to be kept, or are not shown here */
  data?: string;
  height: number;
  /** empty for one that is elsewhere on the web */
  media_type: string;
  name: string;
  width: number;
}

/** What is known of a kernel. */
export interface KernelStateReply {
  /** seconds since the kernel was asked */
  age_s: number;
  /** names that are gone */
  deleted: string[];
  /** another epoch is another process: nothing of the old one holds */
  epoch: string;
  /** oldest first */
  executions: Execution[];
  kernel_id: string;
  /** why this is older than the question; empty when fresh */
  stale: string;
  status: 'busy' | 'dead' | 'idle' | 'starting' | 'unknown';
  /** how many variables there are, listed or not */
  total: number;
  variables: VariableReply[];
  /** grows with every change */
  version: number;
}

/** Whether a provider's key is there, and where it is from. */
export interface KeyInfo {
  /** the server that it belongs to; no other is ever sent it */
  base_url: string;
  /** whether this user cannot change it */
  locked: boolean;
  /** whether there is one for the server at base_url */
  set: boolean;
  source: '' | 'environment' | 'file' | 'keyring';
  variable: string;
}

/** An error as the Model Context Protocol has it. */
export interface McpErrorReply {
  /** code and message */
  error: Record<string, any>;
  id: string | number | null;
  jsonrpc: '2.0';
}

/** A request or notification of the Model Context Protocol. */
export interface McpMessage {
  jsonrpc?: '2.0';
  method?: string;
}

/** A model that can answer. */
export interface ModelInfo {
  default: boolean;
  id: string;
  /** the environment variable of the key that it needs and does not have */
  missing_key?: string;
}

/** The models that can answer. */
export interface ModelsReply {
  /** the approval modes that a request may ask for */
  approvals: ('ask' | 'auto' | 'auto-edit' | 'read-only')[];
  /** what answers when a request names no model */
  default: string;
  /** where servers of models were looked for */
  found?: FoundServer[];
  models: ModelInfo[];
}

/** How the notebook is restored. */
export interface NotebookEdits {
  /** in the order to apply */
  changes: CellChange[];
  /** ids of cells that were left, because somebody changed them since */
  left: string[];
  /** the page makes the edits, then names this in a second request; until then the head stays */
  operation?: string;
  /** why the notebook was not touched at all; empty where it was */
  problem: string;
}

/** A tool as a model would be offered it; `parameters` is a JSON Schema. */
export interface OfferedTool {
  description: string;
  name: string;
  parameters: Record<string, any>;
}

/** A call that waits until somebody approves or denies it. */
export interface PendingApproval {
  arguments: Record<string, any>;
  call_id: string;
  /** to be sent with the answer */
  digest: string;
  /** what the call does to a cell, and what its arguments are */
  display: CallDisplay | null;
  effect: 'execute' | 'read' | 'write';
  /** all that it does, where that is more than `effect` */
  effects: ('execute' | 'read' | 'write')[];
  /** the tool's, of JupyterLab */
  icon: string;
  /** whether it can be approved for the conversation */
  may_stand: boolean;
  notebook_id: string;
  /** what would run or be written */
  preview: string;
  /** why it is asked about in every mode */
  reasons: Reason[];
  session_id: string;
  /** the tool's, for people */
  title: string;
  tool: string;
  turn_id: string;
}

/** An undo or redo whose edits are not confirmed. */
export interface PendingUndoInfo {
  kind: 'redo' | 'undo';
  turn_id: string;
}

/** What needs no further approval in a conversation; what is asked about in every mode is asked about all the same. */
export interface PermissionsReply {
  /** execute: code is run; write: cells are edited */
  effects: ('execute' | 'read' | 'write')[];
  session_id: string;
}

/** The model's plan as it is now, whole. */
export interface Plan {
  items: PlanItem[];
}

/** One thing that the model means to do, and whether it is done. */
export interface PlanItem {
  text: string;
  done: boolean;
}

/** A cell as the page has it. */
export interface PostedCell {
  /** nbformat's cell id */
  id: string;
  kind: 'code' | 'markdown' | 'raw';
  /** the whole source */
  source?: string;
  /** the number in In [n] */
  execution_count?: number | null;
  /** its outputs as text */
  output?: string | null;
  /** Name: message, when the last output is an error */
  error?: string | null;
  /** too large to send: take it as it is saved */
  saved?: boolean | null;
  /** the newest of its outputs, for models that see; at most 1 MiB each, others are left out */
  pictures?: PostedPicture[] | null;
}

/** What the page did to a cell. */
export interface PostedChange {
  /** the cell that was asked for */
  cell_id: string;
  /** the cell in nbformat 4; null where there was none */
  before: Record<string, any> | null;
  /** the same afterwards; null where it was deleted */
  after: Record<string, any> | null;
  /** id of the cell it stood below; empty for the top */
  below_before?: string | null;
  /** the same afterwards */
  below_after?: string | null;
}

/** What code raised. */
export interface PostedError {
  name?: string;
  message?: string;
}

/** A picture; what its bytes are counts, and place, camera and comments are taken out of them. */
export interface PostedPicture {
  media_type: 'image/gif' | 'image/jpeg' | 'image/png' | 'image/webp';
  /** its bytes in Base64: at most 5 MiB, 8,000 pixels a side and 40 million in all; never an address */
  data: string;
  /** what it is called, for the model and in the conversation */
  name?: string | null;
}

/** Where a question is asked. */
export interface QuestionContext {
  /** the notebook's path below the server's root */
  notebook_id?: string | null;
  /** the conversation to continue; made if missing */
  session_id?: string | null;
  /** without session_id: continue the notebook's default conversation, as the sidebar does */
  continue_default?: boolean | null;
  /** an id of GET /api/kernels; else the notebook's kernel */
  kernel_id?: string | null;
  /** name to type, used only where no kernel can be reached */
  variables?: Record<string, string> | null;
  /** how many cells the notebook has */
  cell_count?: number | null;
  /** the cell the user is at */
  active_cell_id?: string | null;
  /** as the page has them */
  cells?: PostedCell[] | null;
}

/** A question about a notebook. */
export interface QuickRequest {
  /** the question */
  query: string;
  /** that go with the question to a model that sees, at most 8 MiB together; another is told that they are there */
  pictures?: PostedPicture[] | null;
  context?: QuestionContext | null;
  /** else the server's */
  model?: string | null;
  /** whether the answer comes as an event stream */
  stream?: boolean | null;
  /** the same id and body again is the same turn */
  turn_id?: string | null;
  /** what the agent may do unasked */
  approval?: 'ask' | 'auto' | 'auto-edit' | 'read-only' | null;
  budget?: TurnLimits | null;
  /** client: the caller runs the turn's code itself, asked by `run` events (needs the stream) */
  run?: 'client' | null;
  /** whether the Python code of the answer is run at its end, without asking where nothing speaks against it */
  run_answer?: boolean | null;
  /** client: the caller has the notebook open and edits it itself, asked by `edit` events (needs the stream) */
  edit?: 'client' | null;
}

/** Why a person is asked before something is done, whatever the approval mode. */
export interface Reason {
  /** The family. */
  code: 'database' | 'environment' | 'files' | 'install' | 'magic' | 'network' | 'process' | 'remote_content' | 'unknown_call';
  /** For a reader, with the first places in the code. */
  text: string;
  /** The other places, and in full those that are too long for the text. */
  more: string[];
}

/** What came of a replay. */
export interface ReplayReply {
  /** questions that were not asked again */
  left: number;
  /** the new conversation */
  session: SessionReply;
  /** why some are left; empty when none is */
  stopped: string;
  turns: ReplayedTurn[];
}

/** Which questions are asked again, and by which model. */
export interface ReplayRequest {
  /** else the server's */
  model?: string | null;
  /** the first turn of which the question is asked again */
  from?: string | null;
  /** the last one */
  to?: string | null;
}

/** One answer to a question that was asked twice. */
export interface ReplayedAnswer {
  cached_tokens: number;
  input_tokens: number;
  model: string;
  output_tokens: number;
  reply: string;
  seconds: number;
  status: 'cancelled' | 'done' | 'failed' | 'interrupted';
  turn_id: string;
}

/** A question that was asked again. */
export interface ReplayedTurn {
  after: ReplayedAnswer;
  before: ReplayedAnswer;
  question: string;
  /** whether the answers are the same */
  same: boolean;
}

/** What Restart & Run All would do. */
export interface RestartPrediction {
  differences: DoctorDifference[];
  first: DoctorDifference | null;
  /** variables that live now and that no cell would make */
  lost: string[];
  /** why it cannot be told, in sentences */
  outside: string[];
  verdict: 'cannot tell' | 'differs' | 'fails' | 'reproduces';
}

/** Code for the magic to run itself, because the kernel is busy with the magic; it may be that of the answer. */
export interface RunAsked {
  call_id: string;
  code: string;
  in_answer: boolean;
}

/** A turn that is being answered. */
export interface RunningTurnInfo {
  question: string;
  turn_id: string;
}

/** A tool call in a message to a model; `arguments` are JSON as the model wrote it. */
export interface SentCall {
  arguments: string;
  id: string;
  name: string;
}

/** A message as a model would get it. */
export interface SentMessage {
  content: string;
  /** that would be sent with it */
  pictures?: SentPicture[];
  role: 'assistant' | 'system' | 'tool' | 'user';
  tool_call_id?: string;
  tool_calls?: SentCall[];
}

/** What is known of a picture. */
export interface SentPicture {
  bytes: number;
  height: number;
  /** empty for one that is elsewhere on the web */
  media_type: string;
  name: string;
  width: number;
}

/** What is to be changed in a conversation. */
export interface SessionChange {
  /** shown in lists */
  title?: string;
  /** replaces the old */
  metadata?: Record<string, any>;
}

/** A change of a conversation. */
export interface SessionEvent {
  /** Which. */
  session_id: string;
  /** Of its notebook; empty where it has none, or where that is not known. */
  notebook_id: string;
  /** Of the turn that began or ended; empty for other changes. */
  turn_id: string;
  /** `started`, `ended` or `changed` (renamed, cleared, undone and so on: read it anew). */
  status: 'changed' | 'ended' | 'started';
}

/** One page of conversations. */
export interface SessionListReply {
  /** of the next page; null on the last */
  cursor: string | null;
  /** on the first page of one notebook's: the conversation that a question continues which names none */
  default_session: SessionReply | null;
  sessions: SessionReply[];
}

/** A conversation in short. */
export interface SessionReply {
  /** ISO 8601 in UTC */
  created_at: string;
  /** the turn that the next question follows */
  head: string | null;
  /** ISO 8601 in UTC */
  last_activity: string;
  /** the clients' own data */
  metadata: Record<string, any>;
  notebook_id: string;
  /** it was begun and not finished; asking for it again finishes it, the opposite cancels it */
  pending_undo: PendingUndoInfo | null;
  /** the turn that is being answered */
  running: RunningTurnInfo | null;
  session_id: string;
  title: string;
  /** entries of the history; a question and its answer are two */
  turn_count: number;
  /** questions on the current branch */
  turns: number;
  /** live names that the conversation has mentioned, newest last */
  variables: string[];
}

/** A setting, and where it is from. */
export interface SettingInfo {
  /** the highest value that the administrator allows */
  at_most?: any;
  choices?: string[];
  help: string;
  /** whether this user cannot change it */
  locked: boolean;
  /** why it is locked or capped; empty where it is neither */
  reason: string;
  source: 'configuration' | 'default' | 'environment' | 'user';
  value: any;
  /** the environment variable that sets it */
  variable: string;
}

/** New values; null goes back to what holds without it. */
export interface SettingValues {
  model?: string | null;
  /** of completions and titles; empty for none */
  small_model?: string | null;
  /** of the model's server */
  base_url?: string | null;
  /** what the agent may do unasked */
  approval?: 'ask' | 'auto' | 'auto-edit' | 'read-only' | null;
  redact?: boolean | null;
  context_tokens?: number | null;
}

/** Settings by name, keys by provider. */
export interface SettingsReply {
  keys: Record<string, KeyInfo>;
  /** options, tools, the policy and the keyring that cannot be used as they are, and what to do */
  problems: string[];
  /** what else the administrator's policy does not allow */
  restrictions: string[];
  settings: Record<string, SettingInfo>;
}

/** Settings and keys to change. */
export interface SettingsRequest {
  settings?: SettingValues;
  /** provider to key; null forgets it. Keys are never shown again */
  keys?: Record<string, string | null>;
}

/** A secret that opens the conversation; it is shown this once. */
export interface ShareReply {
  mode: 'copy' | 'read';
  secret: string;
  session_id: string;
}

/** What others may do. */
export interface ShareRequest {
  /** read (if missing): it may be read only */
  mode?: 'copy' | 'read' | null;
}

/** What a secret opens. */
export interface SharedSessionReply {
  created_at: string;
  history: HistoryEntry[];
  title: string;
  turn_count: number;
}

/** A slash command. */
export interface SlashCommand {
  /** how its arguments are shown; empty when it takes none */
  arguments: string;
  /** the question that it stands for; empty when it asks none */
  asks: string;
  /** what stands before its arguments in that question, where it is given some */
  asks_about: string;
  /** one line for a reader */
  help: string;
  /** what is typed after the slash */
  name: string;
}

/** A question or command that would be answered, and what a button for it says. */
export interface Suggestion {
  label: string;
  query: string;
}

/** The summary as it is kept. */
export interface SummaryReply {
  session_id: string;
  summary: string;
  /** the last turn it covers */
  turn_id: string | null;
}

/** A summary to be kept. */
export interface SummaryRequest {
  /** without one the model writes it */
  summary?: string | null;
  /** else the server's */
  model?: string | null;
  /** the last turn it covers; with a summary only */
  turn_id?: string | null;
}

/** Some more of the answer, in Markdown. */
export interface TextDelta {
  text: string;
}

/** Some more of what the model thinks before it answers: shown folded, no part of the answer, and not kept. */
export interface ThinkingDelta {
  /** In Markdown. */
  text: string;
  /** The text since the last call was thinking, too, though it looked like the answer: this ends it. */
  replaces_text: boolean;
}

/** A tool is about to run. */
export interface ToolCalled {
  /** Of the call. */
  call_id: string;
  /** Its tool. */
  tool: string;
  /** The tool's. */
  effect: 'execute' | 'read' | 'write';
  /** As the model gave them. */
  arguments: Record<string, any>;
  /** The tool's, see `ToolSpec`. */
  title: string;
  /** Likewise. */
  icon: string;
  /** All that it does, where that is more than `effect`. */
  effects: ('execute' | 'read' | 'write')[];
  /** The tool's, see `ToolSpec`. */
  display: CallDisplay | null;
}

/** A tool call still runs: for how long, and the end of what was printed so far. */
export interface ToolProgress {
  call_id: string;
  tool: string;
  seconds: number;
  content: string;
}

/** A tool's result, shortened for display; `code` says why it failed, as in `ToolOutput`. */
export interface ToolReturned {
  call_id: string;
  tool: string;
  status: 'denied' | 'done' | 'failed' | 'interrupted' | 'needs_approval';
  content: string;
  code: string;
}

/** A turn in short; its question is cut. */
export interface TurnInfo {
  created_at: string;
  model: string;
  parent: string | null;
  question: string;
  status: 'cancelled' | 'done' | 'failed' | 'interrupted';
  turn_id: string;
}

/** What one turn may take. */
export interface TurnLimits {
  /** the turn's time */
  deadline_seconds?: number | null;
  /** how often the model is asked */
  max_steps?: number | null;
  /** tool calls in this turn */
  max_tool_calls?: number | null;
  /** tool calls that run code or edit */
  max_write_calls?: number | null;
}

/** The question is stored; from here on the turn has an end, whatever happens. */
export interface TurnStarted {
  session_id: string;
  turn_id: string;
  model: string;
  state: Record<string, any> | null;
}

/** All turns of a conversation. */
export interface TurnsReply {
  can_redo: boolean;
  head: string | null;
  session_id: string;
  /** of all branches, parents first */
  turns: TurnInfo[];
}

/** A conversation after undo or redo. */
export interface UndoReply {
  /** ISO 8601 in UTC */
  created_at: string;
  edits: NotebookEdits;
  /** the turn that the next question follows */
  head: string | null;
  /** ISO 8601 in UTC */
  last_activity: string;
  /** the clients' own data */
  metadata: Record<string, any>;
  notebook_id: string;
  /** it was begun and not finished; asking for it again finishes it, the opposite cancels it */
  pending_undo: PendingUndoInfo | null;
  /** the turn that is being answered */
  running: RunningTurnInfo | null;
  session_id: string;
  title: string;
  /** entries of the history; a question and its answer are two */
  turn_count: number;
  /** questions on the current branch */
  turns: number;
  /** live names that the conversation has mentioned, newest last */
  variables: string[];
}

/** How undo and redo treat the notebook. */
export interface UndoRequest {
  /** who restores the notebook: this server (if missing), the page itself, or nobody */
  edits?: 'client' | 'none' | 'server' | null;
  /** of an undo or redo whose edits the page has made since: it ends, and the head moves */
  operation?: string | null;
  /** with an operation: none of its edits is made, and the head stays */
  cancel?: boolean | null;
}

/** A number or a name of an answer that comes from nowhere, and for a name those that there are. */
export interface UngroundedText {
  text: string;
  start: number;
  end: number;
  near: string[];
}

/** How many secrets were revoked. */
export interface UnshareReply {
  revoked: number;
  session_id: string;
}

/** Tokens and, where it says so, what they cost in US dollars; as reported by the model's server, else 0. */
export interface Usage {
  /** Sent, those of `cached_tokens` included. */
  input_tokens: number;
  /** Received. */
  output_tokens: number;
  /** In US dollars. */
  cost: number;
  /** Of those sent, what the server had from an earlier request and did not read again. */
  cached_tokens: number;
}

/** Tokens used so far in this turn, as in `Usage`. */
export interface UsageReported {
  input_tokens: number;
  output_tokens: number;
  cached_tokens: number;
}

/** A live variable. */
export interface VariableReply {
  /** the cell that bound it, where known */
  cell_id?: string;
  /** the execution that bound it, where known */
  execution_count?: number;
  /** what is known of its kind */
  facts: Record<string, any>;
  /** the family that decides which facts there are */
  kind: string;
  name: string;
  /** one line for a reader */
  summary: string;
  /** qualified class name */
  type: string;
}

/** Why no answer comes yet, for people; no part of the answer, and passed over by those who do not show it. */
export interface Waiting {
  /** Why. */
  text: string;
  /** How long nothing has come, or how long it will be; 0 where that cannot be said. */
  seconds: number;
}

/** An event of a stream, with its name. */
export type AgentEvent =
  | ({ event: 'turn' } & TurnStarted)
  | ({ event: 'waiting' } & Waiting)
  | ({ event: 'thinking' } & ThinkingDelta)
  | ({ event: 'text' } & TextDelta)
  | ({ event: 'tool_call' } & ToolCalled)
  | ({ event: 'approval' } & ApprovalAsked)
  | ({ event: 'edit' } & EditAsked)
  | ({ event: 'run' } & RunAsked)
  | ({ event: 'progress' } & ToolProgress)
  | ({ event: 'tool_result' } & ToolReturned)
  | ({ event: 'plan' } & Plan)
  | ({ event: 'usage' } & UsageReported)
  | ({ event: 'done' } & Done)
  | ({ event: 'error' } & Failed)
  | ({ event: 'cancelled' } & Cancelled)
  | ({ event: 'interrupted' } & Interrupted)
  | ({ event: 'session' } & SessionEvent);
