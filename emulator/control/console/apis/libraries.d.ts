// What the vendored scripts define.
interface Window {
  GraphiQL: any;
  React: any;
  ReactDOM: any;
  SwaggerUIBundle: any;
}
