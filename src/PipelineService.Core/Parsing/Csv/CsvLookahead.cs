using System.Runtime.CompilerServices;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>What can be said of a quoted field from the bytes at hand.</summary>
internal enum QuotedVerdict
{
    /// <summary>Its quotes are in order.</summary>
    Closed,

    /// <summary>No bytes that may follow can mend it.</summary>
    Malformed,

    /// <summary>It depends on bytes that have not arrived.</summary>
    Undecided,
}

/// <summary>
/// Answers, at a line end inside a quoted field, whether the record is well-formed as a whole. Only then does the line
/// end belong to the record; else the record is malformed and costs just its first line.
/// </summary>
/// <remarks>
/// A look ahead is bounded by the longest record, but data can be made in which every line calls for one: walked
/// naively, 8 MiB of such lines would cost 10^12 steps. It stays linear because a record that goes on past a
/// line end is in quotes there. So two walks that pass the same line end are in the same state and agree from there
/// on, and a walk that failed is taken up again where it stopped instead of being repeated.
/// </remarks>
internal struct CsvLookahead(byte delimiter, byte quote, int recordBytesMax, bool isFinal)
{
    private readonly byte _delimiter = delimiter;
    private readonly byte _quote = quote;
    private int _wholeUntil;
    private int _failedFrom;
    private int _failedAt;
    private bool _failedInQuotes;
    private bool _failedForGood;

    /// <summary>Where the last look has found that it is malformed.</summary>
    public readonly int FailedAt => _failedAt;

    /// <param name="bytes">The bytes at hand.</param>
    /// <param name="start">Where the record starts.</param>
    /// <param name="lineEnd">A CR or LF of the record that stands in quotes.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public QuotedVerdict Look(ReadOnlySpan<byte> bytes, int start, int lineEnd) =>
        lineEnd < _wholeUntil ? QuotedVerdict.Closed : Walk(bytes, start, lineEnd);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private QuotedVerdict Walk(ReadOnlySpan<byte> bytes, int start, int lineEnd)
    {
        int position = lineEnd + 1;
        bool inQuotes = true;
        if (lineEnd >= _failedFrom && lineEnd < _failedAt)
        {
            if (_failedForGood)
            {
                return QuotedVerdict.Malformed;
            }

            position = _failedAt;
            inQuotes = _failedInQuotes;
        }
        else
        {
            _failedFrom = lineEnd;
        }

        StructuralBytes structure = new(bytes, _quote, _quote);
        structure.Seek(position);
        while (true)
        {
            position = structure.Next();
            if (position - start > recordBytesMax)
            {
                return Fail(position, inQuotes, forGood: false);
            }

            if (position == bytes.Length)
            {
                return !isFinal ? QuotedVerdict.Undecided
                    : inQuotes ? Fail(position, inQuotes, forGood: true)
                    : Succeed(position);
            }

            if (!inQuotes)
            {
                if (bytes[position] != _quote)
                {
                    return Succeed(position);
                }

                inQuotes = bytes[position - 1] == _delimiter;
            }
            else if (bytes[position] == _quote && position + 1 < bytes.Length && bytes[position + 1] == _quote)
            {
                structure.Next();
            }
            else if (bytes[position] == _quote)
            {
                inQuotes = false;
                if (!CsvRules.MayFollowQuote(bytes, position + 1, _delimiter))
                {
                    return Fail(position, inQuotes, forGood: true);
                }
            }
        }
    }

    private QuotedVerdict Succeed(int end)
    {
        _wholeUntil = end;
        return QuotedVerdict.Closed;
    }

    private QuotedVerdict Fail(int at, bool inQuotes, bool forGood)
    {
        _failedAt = at;
        _failedInQuotes = inQuotes;
        _failedForGood = forGood;
        return QuotedVerdict.Malformed;
    }
}
