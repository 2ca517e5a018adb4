using System.Runtime.CompilerServices;
using PipelineService.Core.Rules;

namespace PipelineService.Core.Parsing.Csv;

/// <summary>
/// What <see cref="CsvLookahead"/> is for common dialects: it answers, at a line end inside a quoted field, whether the record is
/// well-formed as a whole, and stays linear in the same way.
/// </summary>
/// <remarks>
/// What makes it linear holds here too. Whether an escape makes data of a line end is seen from the bytes before it, whatever
/// record they belong to; so two walks that pass the same line end, which is none of an escape's, are both in quotes there and
/// agree from there on.
/// </remarks>
internal struct DialectLookahead(int recordBytesMax, bool isFinal)
{
    private int _wholeUntil;
    private int _failedFrom;
    private int _failedAt;
    private Place _failedIn;
    private bool _failedForGood;

    /// <summary>Where in a record a walk is.</summary>
    private enum Place
    {
        InQuotes,
        AtStartOfField,
        Unquoted,
    }

    /// <summary>Where the last look has found that it is malformed.</summary>
    public readonly int FailedAt => _failedAt;

    /// <param name="fields">The bytes at hand.</param>
    /// <param name="start">Where the record starts.</param>
    /// <param name="lineEnd">A line end of the record that stands in quotes.</param>
    /// <param name="next">Behind it.</param>
    public QuotedVerdict Look(scoped in DialectFields fields, int start, int lineEnd, int next) =>
        lineEnd < _wholeUntil ? QuotedVerdict.Closed : Begin(fields, start, lineEnd, next);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private QuotedVerdict Begin(scoped in DialectFields fields, int start, int lineEnd, int next)
    {
        if (lineEnd < _failedFrom || lineEnd >= _failedAt)
        {
            _failedFrom = lineEnd;
            return Walk(fields, start, next, Place.InQuotes);
        }

        return _failedForGood ? QuotedVerdict.Malformed : Walk(fields, start, _failedAt, _failedIn);
    }

    private QuotedVerdict Walk(scoped in DialectFields fields, int start, int position, Place place)
    {
        while (true)
        {
            ValueSpelling spelling = default;
            FieldStop stop;
            int next;
            switch (place)
            {
                case Place.InQuotes:
                    stop = fields.PassQuoted(ref position, ref spelling, out next);
                    break;
                case Place.Unquoted:
                    stop = fields.PassUnquoted(ref position, ref spelling, out next);
                    break;
                default:
                    (place, position, bool isOpen) = Open(fields, position);
                    if (!isOpen)
                    {
                        continue;
                    }

                    (stop, next) = (FieldStop.Undecided, position);
                    break;
            }

            int end = position;
            bool isInQuotes = place == Place.InQuotes;
            if (stop == FieldStop.Quote)
            {
                end = next;
                stop = fields.StopBehindQuote(end, out next);
                isInQuotes = false;
            }

            if (stop == FieldStop.Malformed || (stop == FieldStop.End && isInQuotes && isFinal))
            {
                return Fail(position, place, forGood: true);
            }

            if (end - start > recordBytesMax)
            {
                return Fail(position, place, forGood: false);
            }

            if (stop == FieldStop.Undecided || (stop == FieldStop.End && !isFinal))
            {
                return QuotedVerdict.Undecided;
            }

            if (!isInQuotes && stop != FieldStop.Delimiter)
            {
                _wholeUntil = end;
                return QuotedVerdict.Closed;
            }

            position = next;
            place = isInQuotes ? Place.InQuotes : Place.AtStartOfField;
        }
    }

    /// <summary>Whether the field that starts at a position is in quotes, and where it goes on; open if that cannot be told.</summary>
    private static (Place Place, int Position, bool IsOpen) Open(scoped in DialectFields fields, int position)
    {
        int start = fields.PassSpaces(position);
        return fields.FindQuote(start) switch
        {
            Match.Yes => (Place.InQuotes, fields.PassQuote(start), false),
            Match.No => (Place.Unquoted, start, false),
            _ => (Place.AtStartOfField, start, true),
        };
    }

    private QuotedVerdict Fail(int at, Place place, bool forGood)
    {
        (_failedAt, _failedIn, _failedForGood) = (at, place, forGood);
        return QuotedVerdict.Malformed;
    }
}
