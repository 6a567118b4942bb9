import { expect } from 'chai';
import { responseOutcome } from 'retrysafe/http';
import { BodyRecording } from '#http/core/body-recording.js';
import { bodyOf, isRecordedResponse, recordedResponse } from '#http/core/recorded-response.js';

describe('a recorded response', () => {
  const bodies: Record<string, [body: Uint8Array, isText: boolean]> = {
    'a text': [Buffer.from('caf\u00e9 \u{1f511}\r\n\t'), true],
    'an empty text': [Buffer.from(''), true],
    'a text after a byte order mark': [Buffer.from('\ufeffa'), true],
    'bytes that are no UTF-8': [Uint8Array.of(0xff, 0xfe), false],
    'bytes that are UTF-8 with signs that no text has': [Uint8Array.of(0x42, 0x4d, 0, 0), false],
    'a part of a buffer': [Buffer.from('abcdef').subarray(2, 4), true],
  };
  for (const [what, [body, isText]] of Object.entries(bodies))
    it(`has ${what} as ${isText ? 'text' : 'bytes'}, and gives it back as it was`, () => {
      const recorded = recordedResponse(200, [], body, false);
      expect(recorded).to.have.property(isText ? 'text' : 'bytes');
      expect(recorded).not.to.have.property(isText ? 'bytes' : 'text');
      expect(bodyOf(recorded)?.equals(body)).to.equal(true);
      expect(isRecordedResponse(recorded)).to.equal(true);
    });

  it('has no body, and says whether it was a stream', () => {
    expect(recordedResponse(204, [], undefined, false)).to.deep.equal({ status: 204, headers: [] });
    expect(bodyOf({ status: 204, headers: [] })).to.equal(undefined);
    expect(recordedResponse(200, [], Buffer.from(''), true)).to.deep.equal({
      status: 200,
      headers: [],
      isStream: true,
      text: '',
    });
  });

  it('is told from anything else that a record may have', () => {
    const right = { status: 200, headers: [['a', 'b']], text: 'c' };
    expect(isRecordedResponse(right)).to.equal(true);
    for (const wrong of [
      undefined,
      null,
      'text',
      5,
      [],
      {},
      { ...right, status: '200' },
      { ...right, status: 200.5 },
      { ...right, headers: undefined },
      { ...right, headers: { a: 'b' } },
      { ...right, headers: [['a']] },
      { ...right, headers: [['a', 'b', 'c']] },
      { ...right, headers: [['a', 5]] },
      { ...right, text: 5 },
      { ...right, bytes: 'abc' },
      { ...right, bytes: [1] },
    ])
      expect(isRecordedResponse(wrong), JSON.stringify(wrong)).to.equal(false);
  });
});

describe('the recording of a body', () => {
  it('has a copy of each part', () => {
    const recording = new BodyRecording(10);
    const buffer = Buffer.from('ab');
    recording.add(buffer);
    buffer.write('xy');
    recording.add(buffer);
    expect(recording.recorded(200, [], false)).to.deep.equal({
      recorded: { status: 200, headers: [], text: 'abxy' },
    });
  });

  it('is whole up to its limit, and counts on', () => {
    const recording = new BodyRecording(3);
    recording.add(Buffer.from('abc'));
    expect([recording.isWhole, recording.length]).to.deep.equal([true, 3]);
    recording.add(new Uint8Array(0));
    expect(recording.isWhole).to.equal(true);
    recording.add(Buffer.from('d'));
    recording.add(Buffer.from('e'));
    expect([recording.isWhole, recording.length]).to.deep.equal([false, 5]);
    expect(recording.recorded(200, [], true)).to.deep.equal({
      unrecorded: 'its body has more than 3 bytes (`maxBody`)',
    });
  });

  it('has no body without a part, unless it was a stream', () => {
    expect(new BodyRecording(0).recorded(204, [], false)).to.deep.equal({
      recorded: { status: 204, headers: [] },
    });
    expect(new BodyRecording(0).recorded(200, [], true)).to.deep.equal({
      recorded: { status: 200, headers: [], isStream: true, text: '' },
    });
  });
});

describe('a response that an application makes', () => {
  it('is 200 without a body where nothing is said', () => {
    expect(responseOutcome({})).to.deep.equal({ status: 200, headers: [] });
  });

  it('has JSON, text or bytes', () => {
    const type = ['content-type', 'application/json'];
    expect(responseOutcome({ body: { a: [1] } })).to.deep.equal({
      status: 200,
      headers: [type],
      text: '{"a":[1]}',
    });
    expect(responseOutcome({ body: null }).text).to.equal('null');
    expect(responseOutcome({ body: 'text' })).to.deep.equal({ status: 200, headers: [], text: 'text' });
    expect(bodyOf(responseOutcome({ body: Uint8Array.of(0xff) }))).to.deep.equal(Buffer.from([0xff]));
  });

  it('has the headers that it is given, but for those that no record has', () => {
    const headers = { 'Content-Type': 'application/hal+json', 'Set-Cookie': 'a=b', Date: 'now', 'X-A': '1' };
    const expected = [
      ['Content-Type', 'application/hal+json'],
      ['X-A', '1'],
    ];
    expect(responseOutcome({ headers, body: {} }).headers).to.deep.equal(expected);
    const lines = [
      ['Link', '<a>'],
      ['Link', '<b>'],
    ] as const;
    expect(responseOutcome({ status: 201, headers: lines })).to.deep.equal({ status: 201, headers: lines });
  });
});
