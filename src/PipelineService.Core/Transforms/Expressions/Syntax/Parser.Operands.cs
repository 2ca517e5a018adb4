namespace PipelineService.Core.Transforms.Expressions.Syntax;

/// <summary>What may stand where an operand is expected.</summary>
internal sealed partial class Parser
{
    /// <summary>Words that are no names of fields unless they stand in double quotes.</summary>
    private static readonly HashSet<string> Reserved =
    [
        "and", "or", "not", "is", "in", "between", "like", "escape", "case", "when", "then", "else", "end", "null", "true", "false", "from",
    ];

    private SyntaxNode ParsePrefix()
    {
        Token token = Take();
        return token.Kind switch
        {
            TokenKind.Number => new(SyntaxKind.Number, token.Start, token.Text, []),
            TokenKind.Text => new(SyntaxKind.Text, token.Start, token.Text, []),
            TokenKind.QuotedName => new(SyntaxKind.QuotedField, token.Start, token.Text, []),
            TokenKind.Mark => ParseMark(token),
            TokenKind.Name => ParseWord(token),
            _ => throw Unexpected("a value"),
        };
    }

    private SyntaxNode ParseMark(Token token)
    {
        if (token.Text is "+" or "-")
        {
            return new(SyntaxKind.Operator, token.Start, token.Text, [ParseOperand(SignPower)]);
        }

        if (token.Text != "(")
        {
            _index--;
            throw Unexpected("a value");
        }

        SyntaxNode inner = ParseOperand(0);
        Expect(")", "a closing bracket");
        return inner;
    }

    private SyntaxNode ParseWord(Token token)
    {
        switch (token.Text)
        {
            case "null":
                return new(SyntaxKind.Null, token.Start, token.Text, []);
            case "true":
                return new(SyntaxKind.True, token.Start, token.Text, []);
            case "false":
                return new(SyntaxKind.False, token.Start, token.Text, []);
            case "not":
                return new(SyntaxKind.Not, token.Start, token.Text, [ParseOperand(NotPower)]);
            case "case":
                return ParseCase(token);
            case "date" or "timestamp" or "timestamptz" when Current.Kind == TokenKind.Text:
                return new(SyntaxKind.TypedText, token.Start, token.Text, [ParsePrefix()]);
        }

        if (Reserved.Contains(token.Text))
        {
            _index--;
            throw Unexpected("a value");
        }

        return !Current.IsMark("(") ? new(SyntaxKind.Field, token.Start, token.Text, [])
            : token.Text switch
            {
                "cast" => ParseCast(token),
                "extract" => ParseExtract(token),
                "trim" => ParseTrim(token),
                "substring" => ParseSubstring(token),
                _ => new(SyntaxKind.Call, token.Start, token.Text, [.. ParseArguments()]),
            };
    }

    private List<SyntaxNode> ParseArguments()
    {
        Expect("(", "an opening bracket");
        List<SyntaxNode> arguments = [];
        if (TryTakeMark(")"))
        {
            return arguments;
        }

        do
        {
            arguments.Add(ParseOperand(0));
        }
        while (TryTakeMark(","));
        Expect(")", "a comma or a closing bracket");
        return arguments;
    }

    private SyntaxNode ParseCase(Token token)
    {
        List<SyntaxNode> parts = [];
        bool isSimple = !Current.IsWord("when");
        if (isSimple)
        {
            parts.Add(ParseOperand(0));
        }

        if (!Current.IsWord("when"))
        {
            throw Unexpected("when");
        }

        while (TryTakeWord("when"))
        {
            parts.Add(ParseOperand(0));
            if (!TryTakeWord("then"))
            {
                throw Unexpected("then");
            }

            parts.Add(ParseOperand(0));
        }

        if (TryTakeWord("else"))
        {
            parts.Add(ParseOperand(0));
        }

        return TryTakeWord("end")
            ? new(isSimple ? SyntaxKind.SimpleCase : SyntaxKind.Case, token.Start, token.Text, [.. parts])
            : throw Unexpected("when, else or end");
    }

    private SyntaxNode ParseCast(Token token)
    {
        Expect("(", "an opening bracket");
        SyntaxNode value = ParseOperand(0);
        if (!TryTakeWord("as"))
        {
            throw Unexpected("as, with a type behind it: cast(a as text)");
        }

        string type = TakeTypeName();
        Expect(")", "a closing bracket");
        return new(SyntaxKind.Cast, token.Start, type, [value]);
    }

    /// <summary><c>extract(year from a)</c>: the part stands before the value, as a name or a text.</summary>
    private SyntaxNode ParseExtract(Token token)
    {
        Expect("(", "an opening bracket");
        Token part = Take();
        if (part.Kind is not (TokenKind.Name or TokenKind.Text) || !TryTakeWord("from"))
        {
            throw Unexpected("a part and from: extract(year from a)");
        }

        SyntaxNode value = ParseOperand(0);
        Expect(")", "a closing bracket");
        return new(SyntaxKind.Call, token.Start, token.Text, [new(SyntaxKind.Text, part.Start, part.Text, []), value]);
    }

    /// <summary><c>trim(a)</c>, <c>trim(a, 'xy')</c>, <c>trim(leading 'xy' from a)</c>.</summary>
    private SyntaxNode ParseTrim(Token token)
    {
        string function = _tokens[_index + 1] is { Kind: TokenKind.Name } side
            ? side.Text switch
            {
                "leading" => "ltrim",
                "trailing" => "rtrim",
                "both" => "trim",
                _ => "",
            }
            : "";
        bool hasFrom = function.Length > 0 && !_tokens[_index + 2].IsMark(")") && !_tokens[_index + 2].IsMark(",");
        if (!hasFrom)
        {
            return ParseTrimArguments(token);
        }

        Expect("(", "an opening bracket");
        Take();
        SyntaxNode? characters = Current.IsWord("from") ? null : ParseOperand(0);
        if (!TryTakeWord("from"))
        {
            throw Unexpected("from, with the text behind it: trim(both 'x' from a)");
        }

        SyntaxNode text = ParseOperand(0);
        Expect(")", "a closing bracket");
        return new(SyntaxKind.Call, token.Start, function, characters is null ? [text] : [text, characters]);
    }

    private SyntaxNode ParseTrimArguments(Token token)
    {
        Expect("(", "an opening bracket");
        SyntaxNode first = ParseOperand(0);
        SyntaxNode[] arguments = TryTakeWord("from") ? [ParseOperand(0), first]
            : TryTakeMark(",") ? [first, ParseOperand(0)]
            : [first];
        Expect(")", "a closing bracket");
        return new(SyntaxKind.Call, token.Start, token.Text, [.. arguments]);
    }

    /// <summary><c>substring(a, 2, 3)</c> or <c>substring(a from 2 for 3)</c>.</summary>
    private SyntaxNode ParseSubstring(Token token)
    {
        Expect("(", "an opening bracket");
        List<SyntaxNode> arguments = [ParseOperand(0)];
        if (TryTakeWord("from"))
        {
            arguments.Add(ParseOperand(0));
            if (TryTakeWord("for"))
            {
                arguments.Add(ParseOperand(0));
            }
        }
        else
        {
            while (TryTakeMark(","))
            {
                arguments.Add(ParseOperand(0));
            }
        }

        Expect(")", "a comma or a closing bracket");
        return new(SyntaxKind.Call, token.Start, token.Text, [.. arguments]);
    }
}
