// Instances of convolution and pooling over one to three spatial axes.
import fc from 'fast-check';
import type { Attributes, Op } from '../../../../src/graph/index.ts';
import * as g from '../../../../src/graph/index.ts';
import type { Draw, Instance, Instances } from '../instance.ts';
import { distinct, gaussian, instance } from '../instance.ts';

/** A sweep along one axis that fits: window taps, their distance, stride, pads, and a length. */
const axis = fc
  .record({
    kernel: fc.integer({ min: 1, max: 3 }),
    dilation: fc.integer({ min: 1, max: 2 }),
    stride: fc.integer({ min: 1, max: 3 }),
    before: fc.nat(2),
    after: fc.nat(2),
    room: fc.nat(4),
  })
  .map((a) => {
    const span = (a.kernel - 1) * a.dilation + 1;
    // Pooling wants pads smaller than the window.
    const [before, after] = [Math.min(a.before, span - 1), Math.min(a.after, span - 1)];
    return { ...a, span, before, after, length: Math.max(1, span - before - after) + a.room };
  });

type Axis = {
  kernel: number;
  dilation: number;
  stride: number;
  before: number;
  after: number;
  length: number;
};

const axes = fc.array(axis, { minLength: 1, maxLength: 3 }).map((all) =>
  // Three spatial axes stay short.
  all.length === 3
    ? all.map((a) => ({ ...a, length: Math.max(1, a.span - a.before - a.after) + (a.room % 2) }))
    : all,
);

function geometry(all: readonly Axis[], auto: string, dilated = true): Attributes {
  return {
    strides: all.map((a) => a.stride),
    ...(dilated ? { dilations: all.map((a) => a.dilation) } : {}),
    ...(auto === 'NOTSET'
      ? { pads: [...all.map((a) => a.before), ...all.map((a) => a.after)] }
      : { auto_pad: auto }),
  };
}

const autoPad = fc.constantFrom('NOTSET', 'NOTSET', 'NOTSET', 'SAME_UPPER', 'SAME_LOWER', 'VALID');
const small = fc.integer({ min: 1, max: 3 });

/** With VALID there is no padding, so the axis must hold the window by itself. */
const roomy = (all: readonly (Axis & { span: number })[]) =>
  all.map((a) => ({ ...a, length: Math.max(a.length, a.span) }));

const conv: fc.Arbitrary<Instance> = fc
  .record({
    axes,
    auto: autoPad,
    batch: small,
    perGroup: small,
    filters: small,
    group: small,
    bias: fc.boolean(),
  })
  .map(({ axes: drawn, auto, batch, perGroup, filters, group, bias }) => {
    const all = roomy(drawn);
    const attributes = { ...geometry(all, auto), ...(group > 1 ? { group } : {}) };
    const x = [batch, group * perGroup, ...all.map((a) => a.length)];
    const w = [group * filters, perGroup, ...all.map((a) => a.kernel)];
    return instance(
      `Conv [${x}] [${w}] ${JSON.stringify(attributes)}`,
      [[x, gaussian], [w, gaussian], ...(bias ? [[[group * filters], gaussian] as const] : [])],
      (values) => [g.emit1(g.Conv, values, attributes)],
    );
  });

const convTranspose: fc.Arbitrary<Instance> = fc
  .record({
    axes: axes.map((all) =>
      all.map((a) => ({
        ...a,
        length: Math.max(a.room + 1, Math.ceil((a.before + a.after + 2 - a.span) / a.stride) + 1),
      })),
    ),
    batch: small,
    perGroup: small,
    filters: small,
    group: small,
    bias: fc.boolean(),
    size: fc.constantFrom('pads', 'output_padding', 'output_shape', 'SAME_UPPER', 'SAME_LOWER', 'VALID'),
  })
  .map(({ axes: all, batch, perGroup, filters, group, bias, size }) => {
    const full = all.map((a) => (a.length - 1) * a.stride + (a.kernel - 1) * a.dilation + 1);
    const base = {
      strides: all.map((a) => a.stride),
      dilations: all.map((a) => a.dilation),
      ...(group > 1 ? { group } : {}),
    };
    const pads = [...all.map((a) => a.before), ...all.map((a) => a.after)];
    const sized: Record<string, Attributes> = {
      pads: { pads },
      output_padding: { pads, output_padding: all.map((a) => Math.max(a.stride, a.dilation) - 1) },
      output_shape: { output_shape: full.map((n) => Math.max(1, n - 1)) },
      SAME_UPPER: { auto_pad: 'SAME_UPPER' },
      SAME_LOWER: { auto_pad: 'SAME_LOWER' },
      VALID: { auto_pad: 'VALID' },
    };
    const attributes = { ...base, ...sized[size]! };
    const x = [batch, group * perGroup, ...all.map((a) => a.length)];
    const w = [group * perGroup, filters, ...all.map((a) => a.kernel)];
    return instance(
      `ConvTranspose [${x}] [${w}] ${JSON.stringify(attributes)}`,
      [[x, gaussian], [w, gaussian], ...(bias ? [[[group * filters], gaussian] as const] : [])],
      (values) => [g.emit1(g.ConvTranspose, values, attributes)],
    );
  });

function pool(op: Op, draw: Draw, extra: fc.Arbitrary<Attributes>): fc.Arbitrary<Instance> {
  return fc
    .record({ axes, auto: autoPad, batch: small, channels: small, ceil: fc.boolean(), extra })
    .map(({ axes: drawn, auto, batch, channels, ceil, extra }) => {
      // The kernels of ONNX Runtime want pads smaller than the kernel, whatever the dilation.
      const held = (a: Axis, n: number) => Math.min(n, a.kernel - 1);
      const all = roomy(drawn).map((a) => ({
        ...a,
        before: held(a, a.before),
        after: held(a, a.after),
        dilation: auto.startsWith('SAME') || (ceil && op === g.MaxPool) ? 1 : a.dilation,
      }));
      const attributes = {
        ...geometry(all, auto),
        kernel_shape: all.map((a) => a.kernel),
        ...(ceil && auto === 'NOTSET' ? { ceil_mode: 1 } : {}),
        ...extra,
      };
      const x = [batch, channels, ...all.map((a) => a.length)];
      return instance(`${op.name} [${x}] ${JSON.stringify(attributes)}`, [[x, draw]], ([value]) => [
        g.emit(op, [value], attributes)[0]!,
      ]);
    });
}

/** Side-by-side windows, for which gradients take a faster way. */
function tiles(op: Op, draw: Draw): fc.Arbitrary<Instance> {
  return fc.array(fc.tuple(small, small, fc.nat(2)), { minLength: 1, maxLength: 3 }).map((all) => {
    const kernel = all.map(([k]) => k);
    const x = [2, 2, ...all.map(([k, count, rest]) => k * count + Math.min(rest, k - 1))];
    return instance(`${op.name} [${x}] in tiles [${kernel}]`, [[x, draw]], ([value]) => [
      g.emit(op, [value], { kernel_shape: kernel, strides: kernel })[0]!,
    ]);
  });
}

const globally = (op: Op, draw: Draw): fc.Arbitrary<Instance> =>
  fc
    .array(small, { minLength: 3, maxLength: 5 })
    .map((shape) => instance(`${op.name} [${shape}]`, [[shape, draw]], ([x]) => [g.emit1(op, [x])]));

export const spatial: Instances = {
  Conv: conv,
  ConvTranspose: convTranspose,
  MaxPool: fc.oneof(pool(g.MaxPool, distinct, fc.constant({})), tiles(g.MaxPool, distinct)),
  AveragePool: fc.oneof(
    pool(g.AveragePool, gaussian, fc.constantFrom({}, { count_include_pad: 1 })),
    tiles(g.AveragePool, gaussian),
  ),
  GlobalAveragePool: globally(g.GlobalAveragePool, gaussian),
  GlobalMaxPool: globally(g.GlobalMaxPool, distinct),
  Resize: fc
    .record({
      lengths: fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 3 }),
      factor: fc.constantFrom(0.5, 0.75, 1, 1.5, 2, 3),
      by: fc.constantFrom('scales', 'sizes'),
      attributes: fc.oneof(
        fc.record({
          mode: fc.constant('nearest'),
          coordinate_transformation_mode: fc.constantFrom('asymmetric', 'half_pixel'),
          nearest_mode: fc.constantFrom('floor', 'ceil', 'round_prefer_floor', 'round_prefer_ceil'),
        }),
        fc.record({
          mode: fc.constant('linear'),
          coordinate_transformation_mode: fc.constantFrom(
            'asymmetric',
            'half_pixel',
            'pytorch_half_pixel',
            'align_corners',
          ),
        }),
      ),
    })
    .map(({ lengths, factor, by, attributes }) => {
      const scale = lengths.map((n) => Math.max(factor, 1 / n));
      const x = [2, 2, ...lengths];
      const targets = lengths.map((n, i) => Math.floor(n * scale[i]!));
      return instance(
        `Resize [${x}] ${by} ${scale} ${JSON.stringify(attributes)}`,
        [[x, gaussian]],
        ([value]) => {
          const scales = g.constant(g.tensor('float32', [x.length], [1, 1, ...scale]));
          const inputs =
            by === 'scales'
              ? [value, undefined, scales]
              : [value, undefined, undefined, g.int64s([2, 2, ...targets])];
          return [g.emit1(g.Resize, inputs, attributes)];
        },
      );
    }),
};
