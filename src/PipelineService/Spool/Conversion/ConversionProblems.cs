using System.Globalization;
using PipelineService.Hosting;
using PipelineService.Hosting.Http;

namespace PipelineService.Spool.Conversion;

/// <summary>Why a file cannot be converted, for its sender.</summary>
internal static class ConversionProblems
{
    private const string NothingLoaded = "Nothing is loaded.";

    /// <param name="reason">A sentence of the library that reads it.</param>
    public static Problem Unreadable(string reason) => new()
    {
        Code = "file_unreadable",
        Status = StatusCodes.Status422UnprocessableEntity,
        Title = "The file cannot be read as what it was announced as.",
        Detail = $"{reason.TrimEnd('.')}. {NothingLoaded} Write the file anew, or export it as CSV or NDJSON; encrypted files are not read.",
    };

    public static Problem TooMuchMemory(long limit) => new()
    {
        Code = "file_too_demanding",
        Status = StatusCodes.Status422UnprocessableEntity,
        Title = "The file takes too much to be read.",
        Detail = string.Create(
            CultureInfo.InvariantCulture,
            $"Reading it takes more than {limit} bytes of memory (Spool:ConversionMemoryMax). {NothingLoaded} Write it with smaller row groups, pages or batches, or have the limit raised."),
    };

    public static Problem TooSlow(TimeSpan limit) => new()
    {
        Code = "file_too_demanding",
        Status = StatusCodes.Status422UnprocessableEntity,
        Title = "The file takes too much to be read.",
        Detail = $"Nothing came of it for {limit:c} (Spool:ConversionStallMax). {NothingLoaded} Write the file anew; what cannot be read in that time is most likely damaged.",
    };

    public static Problem TooLarge(string how) => new()
    {
        Code = "decoded_too_large",
        Status = StatusCodes.Status413PayloadTooLarge,
        Title = "The compressed data is too large when decoded.",
        Detail = $"{how} {NothingLoaded} Send the data in parts, or have the limit raised if it is what it says.",
    };

    /// <summary>A process that reads it dies, again and again.</summary>
    public static Problem Breaks(string how) => new()
    {
        Code = "file_unreadable",
        Status = StatusCodes.Status422UnprocessableEntity,
        Title = "The file cannot be read as what it was announced as.",
        Detail = $"Reading it ended the process that did so, each time. {how} {NothingLoaded} Write the file anew, or export it as CSV or NDJSON.",
    };

    public static Problem Differs { get; } = new()
    {
        Code = "conversion_differs",
        Status = StatusCodes.Status409Conflict,
        Title = "The file is read otherwise than when its load began.",
        Detail = "The service was changed since, and what the file says now is not what the loaded rows came of. Rows that were loaded stay: revert the job, and send "
            + "the file again.",
    };
}

/// <summary>The file is at fault.</summary>
internal sealed class ConversionFaultException(Problem problem) : JobFaultException(problem);

/// <summary>The process that converts ended as none should: by a signal, or without a word. Another may do.</summary>
public sealed class ConversionBrokenException(string message) : Exception(message);

/// <summary>As many files as may be are being converted.</summary>
public sealed class ConversionAwaitedException(int limit)
    : Exception(string.Create(CultureInfo.InvariantCulture, $"{limit} other files are being converted (Spool:ConversionsMax)."));

/// <summary>How much may come of a file.</summary>
/// <inheritdoc cref="Decoding.DecodingLimits" path="/param"/>
internal readonly record struct DecodedLimits(long BytesMax, int RatioMax, long RatioFrom)
{
    public static DecodedLimits None { get; } = new(long.MaxValue, int.MaxValue, long.MaxValue);

    /// <summary>Why that is too much; null when it is not.</summary>
    public Problem? FaultOf(long decoded, long sent) => decoded > BytesMax
            ? ConversionProblems.TooLarge(string.Create(
                CultureInfo.InvariantCulture, $"It makes more than {BytesMax} bytes of text (Spool:DecodedBytesMax)."))
        : decoded > RatioFrom && decoded / RatioMax > sent
            ? ConversionProblems.TooLarge(string.Create(
                CultureInfo.InvariantCulture,
                $"Its {sent} bytes make more than {decoded} bytes of text, which is more than {RatioMax} times as many (Spool:DecodedRatioMax)."))
        : null;

    /// <summary>Why that is too much of a part of a file, as a sentence; null when it is not.</summary>
    public string? FaultOfPart(string part, long decoded, long sent) => decoded > BytesMax
            ? string.Create(CultureInfo.InvariantCulture, $"Its part {part} has {decoded} bytes, more than {BytesMax} (Spool:DecodedBytesMax).")
        : decoded > RatioFrom && decoded / RatioMax > sent
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"Its part {part} has {decoded} bytes, compressed to {sent}: more than {RatioMax} times as many (Spool:DecodedRatioMax).")
        : null;
}
