using System.Text;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms.Expressions.Syntax;

/// <summary>
/// Cuts an expression into its words, as PostgreSQL does: names in lower case unless they stand in double quotes, text in single
/// quotes. What another language would write is taken for what is meant, and told.
/// </summary>
internal sealed class Lexer
{
    private static readonly string[] Marks = ["<=", ">=", "<>", "||", "::", "+", "-", "*", "/", "%", "=", "<", ">", "(", ")", ","];

    /// <summary>Marks of other languages, and what they are here.</summary>
    private static readonly (string Foreign, string Ours, TokenKind Kind, bool IsFault)[] ForeignMarks =
    [
        ("===", "=", TokenKind.Mark, true), ("!==", "<>", TokenKind.Mark, true), ("==", "=", TokenKind.Mark, true),
        ("!=", "<>", TokenKind.Mark, false), ("&&", "and", TokenKind.Name, true), ("!", "not", TokenKind.Name, true),
    ];

    private readonly string _text;
    private readonly List<ExpressionFault> _faults;
    private int _position;

    private Lexer(string text, List<ExpressionFault> faults) => (_text, _faults) = (text, faults);

    /// <exception cref="SyntaxFaultException">It cannot be cut.</exception>
    /// <param name="text">The expression.</param>
    /// <param name="faults">Takes those that reading can go on after.</param>
    public static List<Token> Cut(string text, List<ExpressionFault> faults)
    {
        Lexer lexer = new(text, faults);
        List<Token> tokens = [];
        do
        {
            tokens.Add(lexer.Next());
        }
        while (tokens[^1].Kind != TokenKind.End);

        return tokens;
    }

    private Token Next()
    {
        while (_position < _text.Length && _text[_position] is ' ' or '\t' or '\r' or '\n')
        {
            _position++;
        }

        if (_position >= _text.Length)
        {
            return new Token(TokenKind.End, _text.Length, "", _text.Length);
        }

        char c = _text[_position];
        return c == '\'' ? ReadQuoted('\'', TokenKind.Text)
            : c == '"' ? ReadQuoted('"', TokenKind.QuotedName)
            : char.IsAsciiDigit(c) || (c == '.' && char.IsAsciiDigit(At(_position + 1))) ? ReadNumber()
            : IsNameStart(c) ? ReadName()
            : ReadMark();
    }

    private Token ReadQuoted(char quote, TokenKind kind)
    {
        int start = _position++;
        StringBuilder content = new();
        while (_position < _text.Length)
        {
            char c = _text[_position++];
            if (c != quote)
            {
                content.Append(c);
            }
            else if (At(_position) == quote)
            {
                content.Append(c);
                _position++;
            }
            else
            {
                return Quoted(kind, start, content.ToString());
            }
        }

        throw new SyntaxFaultException(
            start, kind == TokenKind.Text ? "This text has no closing quote '." : "This name has no closing quote \".");
    }

    private Token Quoted(TokenKind kind, int start, string content)
    {
        if (content.Contains('\0', StringComparison.Ordinal) || content.EnumerateRunes().Contains(Rune.ReplacementChar))
        {
            throw new SyntaxFaultException(start, "This holds a character that PostgreSQL cannot store.");
        }

        if (content.Length == 0 && kind == TokenKind.QuotedName)
        {
            throw new SyntaxFaultException(start, "A name is empty. An empty text is written ''.");
        }

        return new Token(kind, start, content, _position);
    }

    private Token ReadNumber()
    {
        int start = _position;
        SkipDigits();
        if (At(_position) == '.')
        {
            _position++;
            SkipDigits();
        }

        if (At(_position) is 'e' or 'E')
        {
            int mark = _position++;
            _position += At(_position) is '+' or '-' ? 1 : 0;
            int digits = _position;
            SkipDigits();
            if (digits == _position)
            {
                throw new SyntaxFaultException(mark, "An exponent needs digits.");
            }
        }

        return IsNamePart(At(_position)) || At(_position) == '.'
            ? throw new SyntaxFaultException(_position, $"A number does not go on with {Show(_text[_position])}.")
            : new Token(TokenKind.Number, start, _text[start.._position], _position);
    }

    private Token ReadName()
    {
        int start = _position;
        while (IsNamePart(At(_position)))
        {
            _position++;
        }

        // PostgreSQL folds ASCII alone where the encoding is UTF8.
        string name = string.Create(_position - start, (_text, start), static (span, source) =>
        {
            source._text.AsSpan(source.start, span.Length).CopyTo(span);
            foreach (ref char c in span)
            {
                c = char.IsAsciiLetterUpper(c) ? (char)(c | 0x20) : c;
            }
        });
        return new Token(TokenKind.Name, start, name, _position);
    }

    private Token ReadMark()
    {
        ReadOnlySpan<char> rest = _text.AsSpan(_position);
        if (rest.StartsWith("--") || rest.StartsWith("/*"))
        {
            throw new SyntaxFaultException(_position, "Comments are not taken; for a minus behind a minus leave a blank between them.");
        }

        foreach ((string foreign, string ours, TokenKind kind, bool isFault) in ForeignMarks)
        {
            if (rest.StartsWith(foreign))
            {
                if (isFault)
                {
                    _faults.Add(new(_position + 1, $"Write {ours} instead of {foreign}."));
                }

                return Take(kind, ours, foreign.Length);
            }
        }

        foreach (string mark in Marks)
        {
            if (rest.StartsWith(mark))
            {
                return Take(TokenKind.Mark, mark, mark.Length);
            }
        }

        throw new SyntaxFaultException(_position, rest[0] switch
        {
            '`' => "Names stand in double quotes: \"Name\".",
            '\u2018' or '\u2019' or '\u201C' or '\u201D' => "Text stands in straight single quotes: 'text'.",
            ';' => "An expression ends without a semicolon.",
            '[' or '{' => "Lists stand in round brackets: a in (1, 2).",
            '^' => "There is no operator ^: write a * a.",
            '~' => "There are no regular expressions here: write a like 'x%', or use the op replace or the constraint pattern.",
            '?' => "There is no operator ?: write case when a then b else c end.",
            '$' => "There are no parameters: write the name of the field.",
            _ => $"Not expected here: {Show(rest[0])}.",
        });
    }

    private Token Take(TokenKind kind, string text, int length)
    {
        int start = _position;
        _position += length;
        return new Token(kind, start, text, _position);
    }

    private void SkipDigits()
    {
        while (char.IsAsciiDigit(At(_position)))
        {
            _position++;
        }
    }

    private char At(int position) => position < _text.Length ? _text[position] : '\0';

    private static bool IsNameStart(char c) => char.IsAsciiLetter(c) || c == '_' || (c >= 0x80 && char.IsLetter(c));

    private static bool IsNamePart(char c) => IsNameStart(c) || char.IsAsciiDigit(c) || c == '$' || (c >= 0x80 && char.IsLetterOrDigit(c));

    private static string Show(char c) => Excerpt.Of(c.ToString());
}
