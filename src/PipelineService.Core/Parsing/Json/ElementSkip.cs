namespace PipelineService.Core.Parsing.Json;

/// <summary>Passes over an element of an array that is too long, as <see cref="ElementScanner"/> would find its end.</summary>
internal sealed class ElementSkip : RecordSkip
{
    private Part _part = Part.Separator;
    private JsonBalance _balance;
    private bool _isSingle;

    private enum Part
    {
        Separator,
        Before,
        Nested,
        Scalar,
        Behind,
    }

    /// <inheritdoc/>
    public override int Pass(ReadOnlySpan<byte> bytes, bool isFinal, out bool isOver, out FramingFault? fault)
    {
        int position = 0;
        fault = null;
        isOver = false;
        while (position < bytes.Length && fault is null && !isOver)
        {
            position = Pass(bytes, position, out isOver, out fault);
        }

        if (isFinal && !isOver && fault is null)
        {
            isOver = _isSingle && _part == Part.Behind;
            fault = isOver ? null : new FramingFault(FramingFaultKind.Truncated, position);
        }

        return position;
    }

    private int Pass(ReadOnlySpan<byte> bytes, int position, out bool isOver, out FramingFault? fault)
    {
        isOver = false;
        fault = null;
        switch (_part)
        {
            case Part.Separator:
                _part = Part.Before;
                _isSingle = bytes[position] == '{';
                return _isSingle ? position : position + 1;
            case Part.Before:
                int start = JsonGrammar.EndOfBlanks(bytes, position);
                return start == bytes.Length ? start : Begin(bytes, start, out fault);
            case Part.Nested:
                int end = _balance.EndIn(bytes, position);
                fault = end == JsonBalance.Broken
                    ? new FramingFault(FramingFaultKind.BrokenBracket, _balance.BrokenAt)
                    : null;
                _part = end < 0 ? _part : Part.Behind;
                return end < 0 ? bytes.Length : end;
            case Part.Scalar:
                int length = JsonElements.LengthOfScalar(bytes[position..]);
                _part = position + length == bytes.Length ? _part : Part.Behind;
                return position + length;
            default:
                int next = JsonGrammar.EndOfBlanks(bytes, position);
                bool isAtHand = next < bytes.Length;
                isOver = isAtHand && !_isSingle && bytes[next] is (byte)',' or (byte)']';
                fault = isAtHand && !isOver
                    ? new FramingFault(_isSingle ? FramingFaultKind.MalformedTail : FramingFaultKind.MissingComma, next)
                    : null;
                return next;
        }
    }

    private int Begin(ReadOnlySpan<byte> bytes, int start, out FramingFault? fault)
    {
        byte first = bytes[start];
        fault = JsonElements.IsNoStart(first) ? new FramingFault(FramingFaultKind.MissingRecord, start) : null;
        _part = first is (byte)'{' or (byte)'[' or (byte)'"' ? Part.Nested : Part.Scalar;
        _balance = new JsonBalance(first);
        return start;
    }
}
