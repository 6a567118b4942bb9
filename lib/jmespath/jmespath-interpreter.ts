import { TreeInterpreter, TYPE_NUMBER } from '../process/libraries/jmespath-library.js';
import { withExactNumbers } from '../values/json/exact-json.js';
import { ExactNumber, isAnyNumber, orderOfNumbers, plain } from '../values/json/exact-number.js';
import { isEqual, numberFunctions } from './jmespath-functions.js';

export type Interpreter = typeof TreeInterpreter;
type Node = Parameters<Interpreter['visit']>[0];
type Value = Parameters<Interpreter['visit']>[1];

const orders: Readonly<Record<string, (order: number) => boolean>> = {
  GT: (order) => order > 0,
  GTE: (order) => order >= 0,
  LT: (order) => order < 0,
  LTE: (order) => order <= 0,
};

/**
 * Makes an interpreter of our own, which takes numbers of every form for numbers. The library's own takes a bigint for
 * nothing, drops it from a filter, and sorts numbers as texts.
 */
export function newInterpreter(): Interpreter {
  class ExactInterpreter extends (TreeInterpreter.constructor as new () => Interpreter) {
    override visit(node: Node, value: Value): ReturnType<Interpreter['visit']> {
      return withExactNumbers(plain(this.exactly(node, withExactNumbers(value)))) as Value;
    }

    // The methods are not private: the library makes the object that `withScope` returns.
    exactly(node: Node, value: Value): unknown {
      switch (node.type) {
        case 'Field':
          return (value as unknown) instanceof ExactNumber ? null : super.visit(node, value);
        case 'Comparator':
          return compared(node.name, this.visit(node.left, value), this.visit(node.right, value));
        case 'Arithmetic':
          return super.visit(
            { ...node, left: this.double(node.left, value), right: this.double(node.right, value) },
            value,
          );
        case 'Unary':
          return super.visit({ ...node, operand: this.double(node.operand, value) }, value);
        case 'OrExpression':
        case 'AndExpression': {
          const left: unknown = this.visit(node.left, value);
          if (!ArrayBuffer.isView(left)) return super.visit({ ...node, left: literal(left) }, value);
          const decides = left.byteLength > 0 === (node.type === 'OrExpression');
          return decides ? left : this.visit(node.right, value);
        }
        case 'NotExpression': {
          const child: unknown = this.visit(node.child, value);
          if (ArrayBuffer.isView(child)) return child.byteLength === 0;
          return super.visit({ ...node, child: literal(child) }, value);
        }
        case 'Ternary':
        case 'FilterProjection':
          return super.visit({ ...node, condition: truth(node.condition) }, value);
        case 'Flatten':
          return super.visit(
            { ...node, child: literal(exactElements(this.visit(node.child, value))) },
            value,
          );
        case 'ValueProjection': {
          const left: unknown = this.visit(node.left, value);
          return left instanceof ExactNumber ? null : super.visit({ ...node, left: literal(left) }, value);
        }
        default:
          return super.visit(node, value);
      }
    }

    double(node: Node, value: Value): Node {
      const operand = this.visit(node, value);
      if (isAnyNumber(operand) && typeof operand !== 'number')
        throw new RangeError('an expression cannot compute with a number that a double does not hold');
      return literal(operand);
    }

    // The library's own method would return an interpreter of the library's class.
    override withScope(...scope: Parameters<Interpreter['withScope']>): Interpreter {
      const scoped = Object.setPrototypeOf(super.withScope(...scope), ExactInterpreter.prototype);
      scoped.runtime = this.runtime;
      return scoped;
    }
  }

  const made = new ExactInterpreter();
  const { runtime } = made;
  const library = runtime as unknown as { getTypeName(value: unknown): unknown };
  const { getTypeName } = library;
  library.getTypeName = (value) => (isAnyNumber(value) ? TYPE_NUMBER : getTypeName.call(runtime, value));
  const table = runtime._functionTable;
  for (const [name, run] of Object.entries(
    numberFunctions((node, value) => made.visit(node as Node, value as Value)),
  )) {
    const entry = table[name];
    if (entry)
      table[name] = { ...entry, _func: (args: unknown[]) => (run as (...all: unknown[]) => never)(...args) };
  }
  return made;
}

// To test bytes for emptiness, the library would list the name of every byte.
function truth(node: Node): Node {
  return { type: 'NotExpression', child: { type: 'NotExpression', child: node } } as Node;
}

function literal(value: unknown): Node {
  return { type: 'Literal', value } as Node;
}

function exactElements(value: unknown): unknown {
  return Array.isArray(value) ? value.map(withExactNumbers) : value;
}

function compared(name: string, one: unknown, other: unknown): boolean | null {
  if (name === 'EQ') return isEqual(one, other);
  if (name === 'NE') return !isEqual(one, other);
  if (!isAnyNumber(one) || !isAnyNumber(other)) return null;
  return orders[name]?.(orderOfNumbers(one, other)) ?? null;
}
