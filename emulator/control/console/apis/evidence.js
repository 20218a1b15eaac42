/** A plugin of Swagger UI: evidence, which the descriptions say in words, as a coloured word. */

const SAID = /\n*Evidence: \*\*(documented|observed|inferred|assumed)\*\*, ([^\n]*)/;

/** @param {any} system */
export function evidence({ React, specSelectors }) {
  const tag = (level) => React.createElement("span", { className: `tag evidence-${level}` }, level);
  return {
    components: {
      /** The path of an operation; Swagger UI's own is a link inside of a button. @param {any} props */
      DeepLink: ({ text }) => React.createElement("span", null, text),
    },
    wrapComponents: {
      /** Each Markdown text: its sentence of evidence becomes a line of its own. @param {any} Original */
      Markdown: (Original) => (props) => {
        const found = SAID.exec(props.source ?? "");
        if (!found) return React.createElement(Original, props);
        return React.createElement(
          React.Fragment,
          null,
          React.createElement(Original, { ...props, source: props.source.replace(found[0], "") }),
          React.createElement("div", { className: "evidence" }, tag(found[1]), " ", React.createElement(Original, { ...props, source: found[2] })),
        );
      },
      /** The line of an operation, folded or not. @param {any} Original */
      OperationSummaryPath: (Original) => (props) => {
        const level = specSelectors.specJson().getIn([...props.specPath, "x-evidence", "level"]);
        return React.createElement(React.Fragment, null, React.createElement(Original, props), level && tag(level));
      },
    },
  };
}
