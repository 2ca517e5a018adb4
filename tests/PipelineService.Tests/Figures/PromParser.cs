using System.Globalization;
using System.Text.RegularExpressions;

namespace PipelineService.Tests.Figures;

/// <summary>Reads a <see cref="PromExpression"/>, operators by their rank: or, and, comparisons, sums, products.</summary>
internal sealed partial class PromParser
{
    private static readonly string[][] Ranks = [["or"], ["and"], [">", "<", ">=", "=="], ["+", "-"], ["*", "/"]];
    private static readonly string[] Aggregates = ["sum", "max", "min"];

    private readonly string _text;
    private readonly string[] _tokens;
    private int _place;

    public PromParser(string text)
    {
        _text = text;
        _tokens = [.. Token().Matches(text).Select(match => match.Value)];
        if (string.Concat(_tokens) != Blank().Replace(text, ""))
        {
            throw new FormatException($"{text}: there are characters that are none of the language.");
        }
    }

    private string Next => _place < _tokens.Length ? _tokens[_place] : "";

    public PromExpression Whole()
    {
        PromExpression whole = Binary(0);
        return Next.Length == 0 ? whole : throw Unexpected();
    }

    private PromExpression Binary(int rank)
    {
        if (rank == Ranks.Length)
        {
            return Operand();
        }

        PromExpression left = Binary(rank + 1);
        while (Ranks[rank].Contains(Next))
        {
            left = new PromBinary(Take(), left, Binary(rank + 1));
        }

        return left;
    }

    private PromExpression Operand()
    {
        string token = Take();
        if (token == "(")
        {
            PromExpression inner = Binary(0);
            Expect(")");
            return inner;
        }

        if (double.TryParse(token, NumberStyles.Float, CultureInfo.InvariantCulture, out double number))
        {
            return new PromNumber(number);
        }

        return Aggregates.Contains(token) ? Aggregate(token)
            : Next == "(" ? new PromCall(token, [.. List(() => Binary(0))])
            : Name().IsMatch(token) ? Selector(token)
            : throw Unexpected();
    }

    private PromAggregate Aggregate(string function)
    {
        string[] by = [];
        if (Next == "by")
        {
            Take();
            by = [.. List(Take)];
        }

        Expect("(");
        PromExpression inner = Binary(0);
        Expect(")");
        return new PromAggregate(function, by, inner);
    }

    private PromSelector Selector(string name)
    {
        List<PromMatcher> matchers = [];
        if (Next == "{")
        {
            matchers.AddRange(List(() => new PromMatcher(Take(), Take(), Take().Trim('"')), "{", "}"));
        }

        TimeSpan? range = null;
        if (Next == "[")
        {
            Take();
            range = Duration(Take());
            Expect("]");
        }

        bool hasOffset = Next == "offset";
        if (hasOffset)
        {
            Take();
            Duration(Take());
        }

        return new PromSelector(name, [.. matchers], range, hasOffset);
    }

    private List<T> List<T>(Func<T> item, string open = "(", string close = ")")
    {
        Expect(open);
        List<T> items = [];
        while (Next != close)
        {
            items.Add(item());
            if (Next != close)
            {
                Expect(",");
            }
        }

        Expect(close);
        return items;
    }

    private TimeSpan Duration(string token) => token[^1] switch
    {
        'm' => TimeSpan.FromMinutes(int.Parse(token.AsSpan(..^1), CultureInfo.InvariantCulture)),
        'h' => TimeSpan.FromHours(int.Parse(token.AsSpan(..^1), CultureInfo.InvariantCulture)),
        _ => throw Unexpected(),
    };

    private string Take() => _place < _tokens.Length ? _tokens[_place++] : throw Unexpected();

    private void Expect(string token)
    {
        if (Take() != token)
        {
            _place--;
            throw Unexpected();
        }
    }

    private FormatException Unexpected() => new($"{_text}: '{Next}' is not what comes there.");

    [GeneratedRegex("""\d+[mh]\b|\d+(?:\.\d+)?|"[^"]*"|[a-zA-Z_:][a-zA-Z0-9_:]*|=~|!~|!=|==|>=|[-+*/<>=(){}\[\],]""")]
    private static partial Regex Token();

    [GeneratedRegex("""\s+(?=(?:[^"]*"[^"]*")*[^"]*$)""")]
    private static partial Regex Blank();

    [GeneratedRegex("^[a-zA-Z_:][a-zA-Z0-9_:]*$")]
    private static partial Regex Name();
}
