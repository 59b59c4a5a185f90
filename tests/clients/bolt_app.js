// The app of bolt_app.py in JavaScript; all that is particular to the sandbox is the base URL.
const { App } = require("@slack/bolt");

const app = new App({
  token: process.env.SLACK_BOT_TOKEN,
  appToken: process.env.SLACK_APP_TOKEN,
  socketMode: true,
  clientOptions: { slackApiUrl: process.env.SLACK_API_URL },
});

app.message("hello", async ({ message, say }) => {
  const text = `Hey there <@${message.user}>!`;
  const button = { type: "button", text: { type: "plain_text", text: "Click me" }, action_id: "clicked" };
  await say({ text, blocks: [{ type: "section", text: { type: "mrkdwn", text }, accessory: button }] });
});

app.action("clicked", async ({ body, ack, respond }) => {
  await ack();
  await respond({ text: `<@${body.user.id}> clicked the button`, replace_original: true });
});

app.command("/echo", async ({ command, ack, respond }) => {
  await ack();
  await respond(command.text);
});

app.command("/ticket", async ({ ack, body, client }) => {
  await ack();
  const element = { type: "plain_text_input", action_id: "what" };
  const label = { type: "plain_text", text: "What?" };
  const view = {
    type: "modal",
    callback_id: "ticket",
    title: { type: "plain_text", text: "A ticket" },
    submit: { type: "plain_text", text: "File it" },
    blocks: [{ type: "input", block_id: "problem", label, element }],
  };
  await client.views.open({ trigger_id: body.trigger_id, view });
});

app.view("ticket", async ({ ack, body, view, client }) => {
  const what = view.state.values.problem.what.value;
  if (what.length < 5) {
    await ack({ response_action: "errors", errors: { problem: "Say more" } });
    return;
  }
  await ack();
  await client.chat.postMessage({ channel: body.user.id, text: `Filed: ${what}` });
});

app.start();
