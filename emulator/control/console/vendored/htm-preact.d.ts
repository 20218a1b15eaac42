// The part of htm/preact/standalone that the console uses.
export const html: (strings: TemplateStringsArray, ...values: any[]) => any;
export function render(what: any, into: Element): void;
export function useState<T>(first: T | (() => T)): [T, (next: T | ((former: T) => T)) => void];
export function useEffect(run: () => void | (() => void), deps?: any[]): void;
export function useLayoutEffect(run: () => void | (() => void), deps?: any[]): void;
export function useMemo<T>(make: () => T, deps: any[]): T;
export function useRef<T>(first: T): { current: T };
export function useErrorBoundary(hear?: (error: Error) => void): [Error | undefined, () => void];
