using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using PipelineService.Core.Encoding.Numbers;
using PipelineService.Core.Parsing.Json;
using PipelineService.Core.Rules;
using PipelineService.Core.Values;

namespace PipelineService.Core.Transforms.Expressions.Functions;

/// <summary>
/// A path into JSON, named in the expression itself: <c>$.name</c>, <c>$."any name"</c>, <c>$[0]</c> and what is made of them.
/// <c>json_value</c> is the scalar that it leads to, as text; none when there is none, several, or one that is no scalar.
/// </summary>
/// <remarks>
/// This is JSON_VALUE of the SQL standard with its defaults, which PostgreSQL has from version 17 on, in lax mode: a member of an
/// array is that of each of its elements, and a value that is no array is one of a single element.
/// </remarks>
internal sealed class JsonPath
{
    /// <summary>Steps of a path.</summary>
    public const int StepsMax = 32;

    private readonly Step[] _steps;

    private JsonPath(Step[] steps) => _steps = steps;

    public static bool TryParse(string path, [NotNullWhen(true)] out JsonPath? parsed)
    {
        parsed = null;
        List<Step> steps = [];
        ReadOnlySpan<char> rest = path.AsSpan().Trim(' ');
        if (rest.IsEmpty || rest[0] != '$')
        {
            return false;
        }

        rest = rest[1..];
        while (!rest.IsEmpty)
        {
            if (steps.Count == StepsMax || !(TryTakeName(ref rest, out Step step) || TryTakeIndex(ref rest, out step)))
            {
                return false;
            }

            steps.Add(step);
        }

        parsed = new JsonPath([.. steps]);
        return true;
    }

    public static ExpressionError Value(RecordSlots slots, JsonPath path, JsonSlice json, out TextSlice result)
    {
        Search search = new(path._steps, json.Text.Span);
        search.Walk(0, 0);
        result = TextSlice.None;
        return search.Count == 1 ? ToText(slots, json.Text, search.Start, out result) : ExpressionError.None;
    }

    private static ExpressionError ToText(RecordSlots slots, TextSlice json, int start, out TextSlice result)
    {
        ReadOnlySpan<byte> text = json.Span;
        result = TextSlice.None;
        switch (text[start])
        {
            case (byte)'{' or (byte)'[' or (byte)'n':
                return ExpressionError.None;
            case (byte)'t':
                result = json.Slice(start, "true".Length);
                return ExpressionError.None;
            case (byte)'f':
                result = json.Slice(start, "false".Length);
                return ExpressionError.None;
            case (byte)'"':
                int end = JsonGrammar.EndOfText(text, start + 1, out bool isEscaped);
                TextSlice content = json.Slice(start + 1, end - start - 1);
                return isEscaped ? Unescape(slots, content, out result) : TextFunctions.Same(content, out result);
            default:
                return WriteNumber(slots, json.Slice(start, JsonGrammar.EndOfNumber(text, start) - start), out result);
        }
    }

    private static ExpressionError Unescape(RecordSlots slots, TextSlice content, out TextSlice result)
    {
        result = default;
        if (!TextFunctions.TryMake(slots, content.Length, out Span<byte> room))
        {
            return ExpressionError.TextTooLong;
        }

        _ = JsonEscape.TryUnescape(content.Span, room, out int length);
        result = slots.Keep(length);
        return ExpressionError.None;
    }

    /// <summary>As jsonb shows it: the digits of a numeric, without an exponent.</summary>
    private static ExpressionError WriteNumber(RecordSlots slots, TextSlice written, out TextSlice result)
    {
        result = written;
        if (!written.Span.ContainsAny((byte)'e', (byte)'E') && !written.Span.StartsWith("-0"u8))
        {
            return ExpressionError.None;
        }

        _ = DecimalText.TryParse(written.Span, out DecimalText number);
        long first = Math.Max(number.FirstWeight, 0);
        if (!TextFunctions.TryMake(slots, first + number.Scale + 3, out Span<byte> room))
        {
            return ExpressionError.TextTooLong;
        }

        int length = 0;
        if (number.IsNegative && !number.IsZero)
        {
            room[length++] = (byte)'-';
        }

        for (long weight = first; weight >= -number.Scale; weight--)
        {
            if (weight == -1)
            {
                room[length++] = (byte)'.';
            }

            room[length++] = (byte)('0' + number.DigitAt(weight));
        }

        result = slots.Keep(length);
        return ExpressionError.None;
    }

    private static bool TryTakeName(ref ReadOnlySpan<char> rest, out Step step)
    {
        step = default;
        if (rest[0] != '.')
        {
            return false;
        }

        ReadOnlySpan<char> name = rest[1..];
        bool isQuoted = !name.IsEmpty && name[0] == '"';
        name = isQuoted ? name[1..] : name;
        int end = isQuoted ? name.IndexOf('"') : EndOfName(name);
        if (end < 0 || (end == 0 && !isQuoted) || name[..end].Contains('\\') || (!isQuoted && char.IsAsciiDigit(name[0])))
        {
            return false;
        }

        step = new Step(System.Text.Encoding.UTF8.GetBytes(name[..end].ToString()), 0);
        rest = name[(isQuoted ? end + 1 : end)..];
        return true;
    }

    private static int EndOfName(ReadOnlySpan<char> name)
    {
        int end = 0;
        while (end < name.Length && (char.IsLetterOrDigit(name[end]) || name[end] == '_'))
        {
            end++;
        }

        return end;
    }

    private static bool TryTakeIndex(ref ReadOnlySpan<char> rest, out Step step)
    {
        step = default;
        int end = rest.IndexOf(']');
        if (rest[0] != '[' || end < 0
            || !int.TryParse(rest[1..end], NumberStyles.None, CultureInfo.InvariantCulture, out int index))
        {
            return false;
        }

        step = new Step(null, index);
        rest = rest[(end + 1)..];
        return true;
    }

    /// <summary>The member of a name, or the element of an index.</summary>
    private readonly record struct Step(byte[]? Name, int Index);

    /// <summary>Follows the steps from value to value and counts where they lead.</summary>
    private ref struct Search(Step[] steps, ReadOnlySpan<byte> json)
    {
        private readonly ReadOnlySpan<byte> _json = json;

        public int Count { get; private set; }

        public int Start { get; private set; }

        public void Walk(int position, int step)
        {
            position = JsonGrammar.EndOfBlanks(_json, position);
            if (step == steps.Length)
            {
                Count++;
                Start = position;
                return;
            }

            byte first = _json[position];
            if (steps[step].Name is byte[] name)
            {
                WalkMember(position, step, name, first);
            }
            else if (first == '[')
            {
                WalkElements(position, step + 1, steps[step].Index, isMember: false);
            }
            else if (steps[step].Index == 0)
            {
                Walk(position, step + 1);
            }
        }

        private void WalkMember(int position, int step, byte[] name, byte first)
        {
            if (first == '[')
            {
                WalkElements(position, step, index: -1, isMember: true);
            }
            else if (first == '{')
            {
                WalkMembers(position, step, name);
            }
        }

        private void WalkMembers(int position, int step, byte[] name)
        {
            position = JsonGrammar.EndOfBlanks(_json, position + 1);
            while (_json[position] != '}')
            {
                int start = position + 1;
                int end = JsonGrammar.EndOfText(_json, start, out bool isEscaped);
                bool isIt = IsName(_json[start..end], isEscaped, name);
                position = JsonGrammar.EndOfBlanks(_json, end + 1) + 1;
                position = JsonGrammar.EndOfBlanks(_json, position);
                if (isIt)
                {
                    Walk(position, step + 1);
                    return;
                }

                position = Next(position);
            }
        }

        private void WalkElements(int position, int step, int index, bool isMember)
        {
            position = JsonGrammar.EndOfBlanks(_json, position + 1);
            for (int i = 0; _json[position] != ']'; i++)
            {
                // Arrays in arrays are not looked into for members.
                if (isMember ? _json[position] == '{' : i == index)
                {
                    Walk(position, step);
                }

                position = Next(position);
            }
        }

        /// <summary>Behind a value, and behind the comma after it.</summary>
        private readonly int Next(int position)
        {
            position = JsonGrammar.EndOfBlanks(_json, JsonGrammar.EndOfValue(_json, position, depth: 0));
            return _json[position] == ',' ? JsonGrammar.EndOfBlanks(_json, position + 1) : position;
        }

        private static bool IsName(ReadOnlySpan<byte> written, bool isEscaped, ReadOnlySpan<byte> name)
        {
            if (!isEscaped)
            {
                return written.SequenceEqual(name);
            }

            Span<byte> meant = stackalloc byte[4];
            while (!written.IsEmpty)
            {
                int used = 1;
                int length = 1;
                meant[0] = written[0];
                if (written[0] == '\\')
                {
                    _ = JsonEscape.TryRead(written, out Rune rune, out used);
                    length = rune.EncodeToUtf8(meant);
                }

                if (!name.StartsWith(meant[..length]))
                {
                    return false;
                }

                name = name[length..];
                written = written[used..];
            }

            return name.IsEmpty;
        }
    }
}
