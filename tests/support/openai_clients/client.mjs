// One client of the OpenAI API, by name: chat, stream, a tool of its own and structured output, printed as one line of JSON.
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { generateText, Output, stepCountIs, streamText, tool } from 'ai';
import OpenAI from 'openai';
import { zodResponseFormat } from 'openai/helpers/zod';
import { z } from 'zod';

const model = 'jupyter-agent';
const [CHAT, TOOL, FORM] = ['Say hello.', 'What is the weather in Bonn?', 'Which trip, as JSON?'];
const Trip = z.object({ city: z.string(), km: z.number() });
const weather = ({ city }) => `Rain in ${city}.`;

async function byOpenai() {
  const client = new OpenAI();
  const user = content => [{ role: 'user', content }];
  const chat = await client.chat.completions.create({ model, messages: user(CHAT) });
  let text = '';
  for await (const part of await client.chat.completions.create({ model, messages: user(CHAT), stream: true })) {
    text += part.choices[0]?.delta?.content ?? '';
  }
  const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
  const runner = client.chat.completions.runTools({
    model,
    messages: user(TOOL),
    tools: [{ type: 'function', function: { name: 'get_weather', parameters, parse: JSON.parse, function: weather } }]
  });
  const response_format = zodResponseFormat(Trip, 'trip');
  const form = await client.chat.completions.parse({ model, messages: user(FORM), response_format });
  return {
    chat: chat.choices[0].message.content,
    stream: text,
    tool: await runner.finalContent(),
    form: form.choices[0].message.parsed
  };
}

async function byAi() {
  const provider = createOpenAICompatible({
    name: 'here',
    baseURL: process.env.OPENAI_BASE_URL,
    apiKey: process.env.OPENAI_API_KEY,
    supportsStructuredOutputs: true
  });
  let text = '';
  for await (const piece of streamText({ model: provider(model), prompt: CHAT }).textStream) {
    text += piece;
  }
  const called = await generateText({
    model: provider(model),
    prompt: TOOL,
    tools: { get_weather: tool({ inputSchema: z.object({ city: z.string() }), execute: weather }) },
    stopWhen: stepCountIs(4)
  });
  const form = await generateText({ model: provider(model), prompt: FORM, output: Output.object({ schema: Trip }) });
  const chat = await generateText({ model: provider(model), prompt: CHAT });
  return { chat: chat.text, stream: text, tool: called.text, form: form.output };
}

console.log(JSON.stringify(await { openai: byOpenai, ai: byAi }[process.argv[2]]()));
