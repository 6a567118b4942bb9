import { createHmac, timingSafeEqual } from 'node:crypto';

export interface Delivery {
  readonly url: string; // as the provider calls it: Twilio signs it
  readonly headers: Readonly<Record<string, string | undefined>>; // by names in small letters
  readonly body: Buffer; // the bytes as they came: the others sign these
}

const json = (body: Buffer) => JSON.parse(body.toString());
const hmac = (algorithm: string, secret: string, ...parts: readonly (string | Buffer)[]) =>
  parts.reduce((sum, part) => sum.update(part), createHmac(algorithm, secret)).digest();
const isSame = (signature: string | undefined, encoding: BufferEncoding, own: Buffer) => {
  const given = Buffer.from(signature ?? '', encoding);
  return given.length === own.length && timingSafeEqual(given, own);
};
const isRecent = (seconds: string | null | undefined) =>
  Math.abs(Date.now() / 1000 - Number(seconds || Number.NaN)) < 300;

/** Each returns what tells the event of a delivery from others, or `undefined` where the signature is wrong. */
export const readers = {
  stripe({ headers, body }: Delivery, secret: string) {
    const signed = new URLSearchParams(headers['stripe-signature']?.replaceAll(',', '&'));
    const own = hmac('sha256', secret, `${signed.get('t')}.`, body);
    if (!isRecent(signed.get('t')) || !signed.getAll('v1').some((v1) => isSame(v1, 'hex', own))) return;
    const payload = json(body);
    return {
      account: payload.account ?? 'own',
      id: payload.id,
      compared: [payload.type, payload.data],
      payload,
    };
  },
  github({ headers: h, body }: Delivery, secret: string) {
    if (!isSame(h['x-hub-signature-256']?.slice(7), 'hex', hmac('sha256', secret, body))) return;
    const compared = [h['x-github-event'], body];
    return { account: h['x-github-hook-id'], id: h['x-github-delivery'], compared, payload: json(body) };
  },
  shopify({ headers: h, body }: Delivery, secret: string) {
    if (!isSame(h['x-shopify-hmac-sha256'], 'base64', hmac('sha256', secret, body))) return;
    const compared = [h['x-shopify-topic'], body];
    return {
      account: h['x-shopify-shop-domain'],
      id: h['x-shopify-webhook-id'],
      compared,
      payload: json(body),
    };
  },
  slack({ headers: h, body }: Delivery, secret: string) {
    const at = h['x-slack-request-timestamp'];
    const own = hmac('sha256', secret, `v0:${at}:`, body);
    if (!isRecent(at) || !isSame(h['x-slack-signature']?.slice(3), 'hex', own)) return;
    const payload = json(body);
    const account = [payload.api_app_id, payload.team_id];
    return { account, id: payload.event_id, compared: payload.event, payload };
  },
  twilio({ url, headers, body }: Delivery, secret: string) {
    const form = Object.fromEntries(new URLSearchParams(body.toString()));
    const fields = Object.keys(form)
      .sort()
      .map((name) => `${name}${form[name]}`);
    if (!isSame(headers['x-twilio-signature'], 'base64', hmac('sha1', secret, url, ...fields))) return;
    const id = form.MessageSid && [form.MessageSid, form.MessageStatus ?? 'received'];
    return { account: form.AccountSid, id, compared: form, payload: form };
  },
};
