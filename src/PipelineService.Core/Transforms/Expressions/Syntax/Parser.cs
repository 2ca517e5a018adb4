using PipelineService.Core.Rules;

namespace PipelineService.Core.Transforms.Expressions.Syntax;

/// <summary>
/// Reads an expression by the power with which operators bind their operands (Vaughan Pratt, "Top Down Operator Precedence", 1973);
/// the powers are those of PostgreSQL (https://www.postgresql.org/docs/current/sql-syntax-lexical.html#SQL-PRECEDENCE).
/// </summary>
internal sealed partial class Parser
{
    /// <summary>Brackets and signs in one another; what is deeper than that as a tree is refused later.</summary>
    private const int NestingMax = 200;

    private const int OrPower = 1;
    private const int AndPower = 2;
    private const int NotPower = 3;
    private const int IsPower = 4;
    private const int ComparisonPower = 5;
    private const int RangePower = 6;
    private const int OtherPower = 7;
    private const int SumPower = 8;
    private const int ProductPower = 9;
    private const int SignPower = 10;
    private const int CastPower = 11;

    private readonly List<Token> _tokens;
    private int _index;
    private int _nesting;

    private Parser(List<Token> tokens) => _tokens = tokens;

    private Token Current => _tokens[_index];

    /// <exception cref="SyntaxFaultException">It cannot be read.</exception>
    public static SyntaxNode Parse(List<Token> tokens)
    {
        Parser parser = new(tokens);
        SyntaxNode root = parser.ParseOperand(0);
        return parser.Current.Kind == TokenKind.End ? root : throw parser.Unexpected("an operator or the end of the expression");
    }

    /// <summary>An operand, and behind it all operators that bind stronger than what stands before it.</summary>
    private SyntaxNode ParseOperand(int power)
    {
        if (++_nesting > NestingMax)
        {
            throw new SyntaxFaultException(Current.Start, "The expression is nested too deeply.");
        }

        SyntaxNode left = ParsePrefix();
        int compared = int.MaxValue;
        while (PowerOf(Current) is int next && next > power)
        {
            if (next == compared)
            {
                throw new SyntaxFaultException(
                    Current.Start, "Comparisons do not stand in a row: write a < b and b < c, or brackets.");
            }

            compared = next is ComparisonPower or RangePower ? next : int.MaxValue;
            left = ParseInfix(left, next);
        }

        _nesting--;
        return left;
    }

    /// <summary>The power of what may stand behind an operand; null for what may not.</summary>
    private int? PowerOf(Token token) => token switch
    {
        { Kind: TokenKind.Name } => token.Text switch
        {
            "or" => OrPower,
            "and" => AndPower,
            "is" => IsPower,
            "in" or "between" or "like" => RangePower,
            "not" when _tokens[_index + 1] is { Kind: TokenKind.Name, Text: "in" or "between" or "like" } => RangePower,
            _ => null,
        },
        { Kind: TokenKind.Mark } => token.Text switch
        {
            "=" or "<>" or "<" or "<=" or ">" or ">=" => ComparisonPower,
            "||" => OtherPower,
            "+" or "-" => SumPower,
            "*" or "/" or "%" => ProductPower,
            "::" => CastPower,
            _ => null,
        },
        _ => null,
    };

    private SyntaxNode ParseInfix(SyntaxNode left, int power)
    {
        Token token = Take();
        return power switch
        {
            IsPower => ParseIs(left, token),
            RangePower => ParseRange(left, token),
            CastPower => new(SyntaxKind.Cast, token.Start, TakeTypeName(), [left]),
            OrPower => Chain(SyntaxKind.Or, left, ParseOperand(power), token),
            AndPower => Chain(SyntaxKind.And, left, ParseOperand(power), token),
            _ => new(SyntaxKind.Operator, token.Start, token.Text, [left, ParseOperand(power)]),
        };
    }

    /// <summary>All that <c>and</c> or <c>or</c> joins in a row is one node, so that a long list is not a deep tree.</summary>
    private static SyntaxNode Chain(SyntaxKind kind, SyntaxNode left, SyntaxNode right, Token token) =>
        left.Kind == kind
            ? new(kind, left.Position, token.Text, left.Parts.Add(right))
            : new(kind, token.Start, token.Text, [left, right]);

    private SyntaxNode ParseIs(SyntaxNode left, Token token)
    {
        bool isNot = TryTakeWord("not");
        if (!TryTakeWord("null"))
        {
            throw Unexpected(isNot ? "null" : "null or not null");
        }

        SyntaxNode test = new(SyntaxKind.IsNull, token.Start, "is null", [left]);
        return isNot ? Not(test) : test;
    }

    private SyntaxNode ParseRange(SyntaxNode left, Token token)
    {
        bool isNot = token.Text == "not";
        Token word = isNot ? Take() : token;
        SyntaxNode test = word.Text switch
        {
            "in" => ParseIn(left, word),
            "between" => ParseBetween(left, word),
            _ => ParseLike(left, word),
        };
        return isNot ? Not(test) : test;
    }

    private SyntaxNode ParseIn(SyntaxNode left, Token word)
    {
        Expect("(", "a list in brackets: a in ('x', 'y')");
        List<SyntaxNode> parts = [left];
        do
        {
            parts.Add(ParseOperand(0));
        }
        while (TryTakeMark(","));
        Expect(")", "a comma or a closing bracket");
        return new(SyntaxKind.In, word.Start, "in", [.. parts]);
    }

    private SyntaxNode ParseBetween(SyntaxNode left, Token word)
    {
        // PostgreSQL takes less for the lower bound than for the upper one.
        if (Current is { Kind: TokenKind.Name, Text: "not" })
        {
            throw Unexpected("a value, or a condition in brackets");
        }

        SyntaxNode low = ParseOperand(RangePower);
        if (!TryTakeWord("and"))
        {
            throw Unexpected("and, with the upper bound behind it");
        }

        return new(SyntaxKind.Between, word.Start, "between", [left, low, ParseOperand(RangePower)]);
    }

    private SyntaxNode ParseLike(SyntaxNode left, Token word)
    {
        SyntaxNode pattern = ParseOperand(RangePower);
        return TryTakeWord("escape")
            ? new(SyntaxKind.Like, word.Start, "like", [left, pattern, ParseOperand(RangePower)])
            : new(SyntaxKind.Like, word.Start, "like", [left, pattern]);
    }

    private static SyntaxNode Not(SyntaxNode test) => new(SyntaxKind.Not, test.Position, "not", [test]);

    private string TakeTypeName()
    {
        Token token = Take();
        if (token.Kind != TokenKind.Name)
        {
            _index--;
            throw Unexpected("a type: text, integer, number, float, boolean, date, timestamp or datetime");
        }

        if (token.Text == "double" && TryTakeWord("precision"))
        {
            return "float";
        }

        return Current.IsMark("(")
            ? throw new SyntaxFaultException(Current.Start, "A type stands here without length or digits: use round(x, 2), or left(x, 10).")
            : token.Text;
    }

    private Token Take()
    {
        Token token = Current;
        _index += token.Kind == TokenKind.End ? 0 : 1;
        return token;
    }

    private bool TryTakeWord(string word) => TryTake(Current.IsWord(word));

    private bool TryTakeMark(string mark) => TryTake(Current.IsMark(mark));

    private bool TryTake(bool isIt)
    {
        _index += isIt ? 1 : 0;
        return isIt;
    }

    private void Expect(string mark, string expected)
    {
        if (!TryTakeMark(mark))
        {
            throw Unexpected(expected);
        }
    }

    private SyntaxFaultException Unexpected(string expected) => new(Current.Start, Current switch
    {
        { Kind: TokenKind.End } => $"The expression ends where {expected} is expected.",
        { Kind: TokenKind.Text } text => $"Expected {expected}, but found the text '{Excerpt.Of(text.Text)}'.",
        { Text: "ilike" } => "There is no ilike: write lower(a) like 'x%'.",
        Token other => $"Expected {expected}, but found {Excerpt.Of(other.Text)}.",
    });
}
