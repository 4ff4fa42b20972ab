import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RobustlawError } from '../../src/errors.ts';
import type { Tensor, Value } from '../../src/graph/index.ts';
import {
  add,
  call,
  cast,
  constant,
  gather,
  gradient,
  graph,
  innerProduct,
  input,
  inputsOf,
  int64s,
  linear,
  mul,
  nameOf,
  parameter,
  parameterCount,
  parameters,
  parametersAsInputs,
  relu,
  scalar,
  sizeOf,
  split,
  substitute,
  tensor,
  toFloat,
  topological,
  vjp,
  withParameters,
} from '../../src/graph/index.ts';
import { evaluate } from '../../src/runtime/index.ts';

const w = (name: string, values: readonly number[], shape = [values.length]) =>
  parameter(name, tensor('float64', shape, values));

async function numbersIn(value: Value, feeds: Parameters<typeof evaluate>[1] = {}): Promise<number[]> {
  const { y } = await evaluate({ y: value }, feeds);
  return Array.from(y.data, Number);
}

describe('graph', () => {
  it('refuses unlisted inputs, values that are no inputs, and names that meet', () => {
    const [x, y] = [input('x', 'float64', [1]), input('y', 'float64', [1])];
    expect(() => graph([x], { z: add(x, y) })).toThrow(/need the input "y"/);
    expect(() => graph([relu(x)], { z: x })).toThrow(/made by input\(\)/);
    expect(() => graph([x, input('x', 'float64', [2])], { z: x })).toThrow(/named "x"/);
    expect(() => graph([x], { z: add(x, w('x', [1])) })).toThrow(/named "x"/);
    expect(() => graph([x], { z: add(w('p', [1]), w('p', [1])) })).toThrow(/named "p"/);
    expect(() => graph([x, y], { x: relu(x) })).toThrow(/output "x" has the name of an input/);
    expect(() => graph([x, y], { x: y })).toThrow(RobustlawError);
    expect(Object.keys(graph([x, y], { x, sum: add(x, y) }).outputs)).toStrictEqual(['x', 'sum']);
  });

  it('an unused input may be listed', () => {
    const x = input('x', 'float64', [1]);
    expect(graph([x], { one: scalar('float64', 1) }).inputs).toHaveLength(1);
  });
});

describe('topological order', () => {
  it('puts every node after its inputs, once, in random graphs; the same order every time', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 60 }), (edges) => {
        const values: Value[] = [input('x', 'float64', [1])];
        for (const [i, j] of edges) values.push(add(values[i % values.length]!, values[j % values.length]!));
        const order = topological([values.at(-1)!, values[0]!]);
        expect(new Set(order).size).toBe(order.length);
        order.forEach((node, at) => {
          for (const value of node.inputs) expect(order.indexOf(value!.node)).toBeLessThan(at);
        });
        expect(topological([values.at(-1)!, values[0]!])).toStrictEqual(order);
      }),
      { numRuns: 100 },
    );
  });

  it('a chain of 100,000 nodes is no depth problem, forwards or backwards', () => {
    let y = input('x', 'float64', [1]);
    const x = y;
    for (let i = 0; i < 100_000; i++) y = relu(y);
    expect(topological([y])).toHaveLength(100_001);
    expect(substitute([y], new Map([[x, scalar('float64', 1)]]))[0]!.shape).toStrictEqual([]);
    expect(gradient(y, [x])[0]!.shape).toStrictEqual([1]);
  });

  it('inputsOf gives each input once', () => {
    const [a, b] = [input('a', 'float64', []), input('b', 'float64', [])];
    expect(inputsOf([mul(add(b, a), b), a]).map(nameOf)).toStrictEqual(['b', 'a']);
  });
});

describe('parameters', () => {
  it('P counts a shared weight once, zeros too, and only floating-point ones', () => {
    const x = input('x', 'float64', [2, 3]);
    const shared = w('shared', [1, 0, 0, 0, 1, 0, 0, 0, 0], [3, 3]);
    const index = parameter('index', tensor('int64', [2], [0, 1]));
    const y = gather(linear(linear(x, shared, w('b', [1, 2, 3])), shared), index, 0);
    const g = graph([x], { y, z: add(y, constant(tensor('float64', [1], [7]))) });
    expect(parameterCount(g)).toBe(12);
    expect(parameters(g).map(nameOf)).toStrictEqual(['shared', 'b', 'index']);
  });

  it('the two-layer network of width k on R^d has P = k(d + 2)', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 30 }), (k, d) => {
        const x = input('x', 'float64', [1, d]);
        const zero = (name: string, shape: number[]) =>
          parameter(name, tensor('float64', shape, new Float64Array(sizeOf(shape))));
        const y = linear(relu(linear(x, zero('W', [k, d]), zero('b', [k]))), zero('a', [1, k]));
        expect(parameterCount(graph([x], { y }))).toBe(k * (d + 2));
      }),
    );
  });

  it('parametersAsInputs computes the same from fed parameters', async () => {
    const x = input('x', 'float64', [1, 2]);
    const g = graph([x], {
      y: linear(relu(linear(x, w('W', [1, 2, 3, 4], [2, 2]))), w('V', [5, 6], [1, 2])),
    });
    const free = parametersAsInputs(g);
    expect(parameterCount(free.graph)).toBe(0);
    expect(free.graph.inputs.map(nameOf)).toStrictEqual(['x', 'W', 'V']);
    const feeds = { x: new Float64Array([1, 1]), W: free.parameters.W!.data, V: free.parameters.V!.data };
    expect(await numbersIn(free.graph.outputs.y!, feeds)).toStrictEqual([5 * 3 + 6 * 7]);
  });

  it('withParameters replaces values by name and leaves the original alone', async () => {
    const x = input('x', 'float64', [1]);
    const g = graph([x], { y: mul(w('a', [2]), add(x, w('b', [3]))) });
    const changed = withParameters(g, {
      a: tensor('float64', [1], [10]),
      unknown: tensor('float64', [1], [0]),
    });
    const feeds = { x: new Float64Array([1]) };
    expect(await numbersIn(changed.outputs.y!, feeds)).toStrictEqual([40]);
    expect(await numbersIn(g.outputs.y!, feeds)).toStrictEqual([8]);
    expect(parameters(changed).map(nameOf)).toStrictEqual(['a', 'b']);
  });
});

describe('substitution and calls', () => {
  it('replaces values in the middle and shares what does not depend on them', async () => {
    const x = input('x', 'float64', [2]);
    const [h, other] = [relu(x), mul(x, 3)];
    const y = add(h, other);
    const [replaced] = substitute([y], new Map([[h, constant(tensor('float64', [2], [100, 200]))]]));
    expect(replaced!.node.inputs[1]).toBe(other);
    expect(await numbersIn(replaced!, { x: new Float64Array([1, -1]) })).toStrictEqual([103, 197]);
  });

  it('one output of a node with several can be replaced', async () => {
    const x = input('x', 'float64', [1, 3]);
    const [a, b] = split(x, 1, [1, 2]);
    const [y] = substitute([mul(a!, b!)], new Map([[a!, constant(tensor('float64', [1, 1], [10]))]]));
    expect(await numbersIn(y!, { x: new Float64Array([1, 2, 3]) })).toStrictEqual([20, 30]);
  });

  it('call is composition: f(g(x)) by numbers', async () => {
    const [u, x] = [input('u', 'float64', [3]), input('x', 'float64', [3])];
    const f = graph([u], { square: mul(u, u), twice: add(u, u) });
    const inner = call(f, { u: relu(x) });
    const outer = call(f, { u: inner.twice! });
    expect(Object.keys(outer)).toStrictEqual(['square', 'twice']);
    expect(await numbersIn(outer.square!, { x: new Float64Array([1, -2, 3]) })).toStrictEqual([4, 0, 36]);
  });

  it('call refuses missing arguments and other types', () => {
    const u = input('u', 'float64', [3]);
    const f = graph([u], { y: relu(u) });
    expect(() => call(f, {})).toThrow(/argument for its input "u"/);
    expect(() => call(f, { u: input('v', 'float64', [4]) })).toThrow(
      /"u" is float64 \[3\]; the argument is float64 \[4\]/,
    );
    expect(() => call(f, { u: input('v', 'float32', [3]) })).toThrow(/float32/);
  });
});

describe('toFloat', () => {
  it('changes inputs, parameters, constants and casts, keeps names, integers and P', async () => {
    const x = input('x', 'float32', [2]);
    const weight = parameter('w', tensor('float32', [2], [0.1, 0.2]));
    const picked = gather(mul(add(x, weight), 3), int64s([1, 0]));
    const g = graph([x], { y: mul(picked, cast(int64s([1, 10]), 'float32')) });
    const exact = toFloat(g, 'float64');
    expect(exact.inputs.map((v) => [nameOf(v), v.dtype])).toStrictEqual([['x', 'float64']]);
    expect(exact.outputs.y!.dtype).toBe('float64');
    expect(parameterCount(exact)).toBe(2);
    const [a, b] = [Math.fround(0.1), Math.fround(0.2)];
    expect(await numbersIn(exact.outputs.y!, { x: new Float64Array([0.5, 0.25]) })).toStrictEqual([
      (0.25 + b) * 3,
      (0.5 + a) * 3 * 10,
    ]);
    expect(toFloat(exact, 'float32').outputs.y!.dtype).toBe('float32');
  });

  it('there and back keeps every float32 number', () => {
    fc.assert(
      fc.property(fc.float32Array({ minLength: 1, maxLength: 20 }), (values) => {
        const p = parameter('p', tensor('float32', [values.length], values));
        const back = toFloat(toFloat(graph([], { p }), 'float64'), 'float32');
        expect((parameters(back)[0]!.node.attributes.value as Tensor).data).toStrictEqual(values);
      }),
    );
  });
});

describe('vjp', () => {
  it('is zero for what the output does not depend on, and refuses cotangents of another type', async () => {
    const [x, z] = [input('x', 'float64', [2]), input('z', 'float64', [3])];
    const y = mul(x, x);
    const [dx, dz] = vjp([y], [y], [x, z]);
    expect(await numbersIn(dx!, { x: new Float64Array([1, 2]) })).toStrictEqual([2, 16]);
    expect(await numbersIn(dz!)).toStrictEqual([0, 0, 0]);
    expect(() => vjp([y], [z], [x])).toThrow(
      /cotangent of an output float64 \[2\] has another type: float64 \[3\]/,
    );
    expect(() => gradient(y, [x])).toThrow(/needs a scalar output/);
  });

  it('of a quadratic form is (A + A^T) x', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.float64Array({ minLength: 9, maxLength: 9, min: -9, max: 9, noNaN: true }),
        async (a) => {
          const x = input('x', 'float64', [1, 3]);
          const matrix = constant(tensor('float64', [3, 3], a));
          const [g] = gradient(innerProduct(x, linear(x, matrix)), [x]);
          const at = new Float64Array([1, -2, 3]);
          const truth = [0, 1, 2].map((i) =>
            [0, 1, 2].reduce((sum, j) => sum + (a[3 * i + j]! + a[3 * j + i]!) * at[j]!, 0),
          );
          (await numbersIn(g!, { x: at })).forEach((v, i) => {
            expect(v).toBeCloseTo(truth[i]!, 9);
          });
        },
      ),
      { numRuns: 20 },
    );
  });
});
