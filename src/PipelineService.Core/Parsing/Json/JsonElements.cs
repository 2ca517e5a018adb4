using System.Buffers;

namespace PipelineService.Core.Parsing.Json;

/// <summary>
/// Where the elements of an array begin and end. A record goes from what parts it from the one before (the opening bracket, or a comma)
/// up to what parts it from the next (a comma, or the closing bracket): so the first byte of a chunk says what must follow.
/// </summary>
internal static class JsonElements
{
    private static readonly SearchValues<byte> EndsOfScalars = SearchValues.Create(",:{}[]\" \t\r\n"u8);

    /// <summary>
    /// Where an element ends that begins at a position, or <see cref="JsonBalance.Open"/> or <see cref="JsonBalance.Broken"/>.
    /// </summary>
    /// <param name="bytes">The bytes at hand.</param>
    /// <param name="start">Where it begins: no blank, and nothing that parts elements.</param>
    /// <param name="brokenAt">Where it is broken.</param>
    public static int EndOf(ReadOnlySpan<byte> bytes, int start, out int brokenAt)
    {
        byte first = bytes[start];
        brokenAt = 0;
        if (first is (byte)'{' or (byte)'[' or (byte)'"')
        {
            JsonBalance balance = new(first);
            int end = balance.EndIn(bytes, start);
            brokenAt = balance.BrokenAt;
            return end;
        }

        int found = bytes[start..].IndexOfAny(EndsOfScalars);
        return found < 0 ? JsonBalance.Open : start + found;
    }

    /// <summary>Where a number, a word or what stands for one goes on to.</summary>
    /// <returns>How many of the bytes are part of it.</returns>
    public static int LengthOfScalar(ReadOnlySpan<byte> bytes)
    {
        int found = bytes.IndexOfAny(EndsOfScalars);
        return found < 0 ? bytes.Length : found;
    }

    /// <summary>Whether an element cannot begin with a byte.</summary>
    public static bool IsNoStart(byte first) => first is (byte)',' or (byte)':' or (byte)'}' or (byte)']';

    /// <summary>Where the element itself begins in bytes that start at a record's start.</summary>
    public static int StartIn(ReadOnlySpan<byte> bytes, int position) =>
        JsonGrammar.EndOfBlanks(bytes, JsonGrammar.ByteAt(bytes, position) is (byte)'[' or (byte)',' ? position + 1 : position);
}
