using System.Collections.Immutable;

namespace PipelineService.Core.Parsing.Json;

/// <summary>
/// Finds where the elements of an array end, by <see cref="JsonElements"/>; also the one record of a document that is an object. Knows
/// nothing from one call to the next: the first byte says whether the array begins there, goes on, or ends.
/// </summary>
/// <param name="recordBytesMax">The longest record, with the blanks around it.</param>
/// <param name="path">The names of the objects and of the array, from the outermost on, in which the records stand.</param>
public sealed class ElementScanner(int recordBytesMax, ImmutableArray<string> path) : RecordScanner
{
    /// <inheritdoc/>
    public override int BytesBehind => 1;

    /// <inheritdoc/>
    public override ScanResult Scan(ReadOnlySpan<byte> bytes, bool isFinal, int recordsMax)
    {
        int start = 0;
        int records = 0;
        FramingFault? fault = null;
        bool isTooLong = false;
        while (records < recordsMax && start < bytes.Length && bytes[start] != ']')
        {
            int next = EndOfRecord(bytes, start, isFinal, out fault, out bool isRecord);
            int extent = (next == JsonBalance.Open ? bytes.Length : next) - start;
            isTooLong = fault is null && isRecord && extent > recordBytesMax;
            if (fault is not null || next == JsonBalance.Open || isTooLong)
            {
                break;
            }

            records += isRecord ? 1 : 0;
            start = next;
        }

        return new ScanResult(start, records, bytes[..start].Count((byte)'\n'), isTooLong)
        {
            Fault = start == 0 ? fault : null,
            IsAtTail = start == 0 && JsonGrammar.ByteAt(bytes, 0) == ']',
        };
    }

    /// <inheritdoc/>
    public override int StartOf(ReadOnlySpan<byte> bytes) => JsonElements.StartIn(bytes, 0);

    /// <inheritdoc/>
    public override RecordSkip BeginSkip() => new ElementSkip();

    /// <inheritdoc/>
    public override DocumentTail BeginTail() => new JsonTail(path);

    /// <inheritdoc/>
    public override bool IsClosedBy(ReadOnlySpan<byte> rest) =>
        rest.IsEmpty
        || (rest[0] == ']'
            && new JsonTail(path).Read(rest, isFinal: true, out FramingFault? fault) == rest.Length
            && fault is null);

    /// <inheritdoc/>
    public override int SkipLine(ReadOnlySpan<byte> bytes, bool isFinal) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override int PassedBy(ReadOnlySpan<byte> bytes) => throw new NotSupportedException();

    /// <inheritdoc/>
    public override ReadOnlySpan<byte> WithoutLineEnd(ReadOnlySpan<byte> line) => line.TrimEnd(" \t\r\n"u8);

    /// <summary>Where the next record begins, or the tail; <see cref="JsonBalance.Open"/> where that is not at hand yet.</summary>
    /// <param name="bytes">The bytes at hand.</param>
    /// <param name="start">Where the record begins.</param>
    /// <param name="isFinal">Whether no byte follows those at hand.</param>
    /// <param name="fault">Why nobody knows.</param>
    /// <param name="isRecord">False for an array that has none.</param>
    private static int EndOfRecord(
        ReadOnlySpan<byte> bytes, int start, bool isFinal, out FramingFault? fault, out bool isRecord)
    {
        bool isSingle = bytes[start] == '{';
        isRecord = true;
        fault = null;
        int value = JsonElements.StartIn(bytes, start);
        if (value < bytes.Length && JsonElements.IsNoStart(bytes[value]))
        {
            isRecord = bytes[start] == ',' || bytes[value] != ']';
            fault = isRecord ? new FramingFault(FramingFaultKind.MissingRecord, value) : null;
            return value;
        }

        int brokenAt = 0;
        int end = value == bytes.Length ? JsonBalance.Open : JsonElements.EndOf(bytes, value, out brokenAt);
        int next = end < 0 ? bytes.Length : JsonGrammar.EndOfBlanks(bytes, end);
        if (end == JsonBalance.Broken)
        {
            fault = new FramingFault(FramingFaultKind.BrokenBracket, brokenAt);
        }
        else if (next == bytes.Length)
        {
            bool isEnd = isFinal && isSingle && end >= 0;
            fault = isFinal && !isEnd ? new FramingFault(FramingFaultKind.Truncated, next) : null;
            return isEnd ? next : JsonBalance.Open;
        }
        else if (isSingle)
        {
            fault = new FramingFault(FramingFaultKind.MalformedTail, next);
        }
        else if (bytes[next] is not ((byte)',' or (byte)']'))
        {
            fault = new FramingFault(FramingFaultKind.MissingComma, next);
        }

        return next;
    }
}
