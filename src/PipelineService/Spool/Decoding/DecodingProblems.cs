using PipelineService.Hosting.Http;

namespace PipelineService.Spool.Decoding;

/// <summary>Why a compressed or transcoded upload cannot be read, for its sender.</summary>
internal static class DecodingProblems
{
    private const string NothingLoaded = "Nothing is loaded.";

    public static Problem Of(UndecodableException error) => error.Fault switch
    {
        DecodingFault.Truncated => Damaged(error, "Send it again, whole: compress it anew if the file itself ends there."),
        DecodingFault.Damaged when error.Position == 0 => Damaged(
            error,
            "If it is not compressed so, do not say that it is: leave the Content-Encoding out, or set the dataset's \"compression\" to what it is. Else compress it anew."),
        DecodingFault.Damaged => Damaged(error, "Compress it anew and send it again; a Content-Digest shows what a way has changed."),
        DecodingFault.Unsupported => new Problem
        {
            Code = "compression_unsupported",
            Status = StatusCodes.Status422UnprocessableEntity,
            Title = "The data is compressed in a way that is not taken.",
            Detail = $"{Place(error)} {NothingLoaded}",
        },
        DecodingFault.OtherText => new Problem
        {
            Code = "not_text",
            Status = StatusCodes.Status422UnprocessableEntity,
            Title = "The data is not the text that was announced.",
            Detail = error.Message,
        },
        _ => new Problem
        {
            Code = "decoded_too_large",
            Status = StatusCodes.Status413PayloadTooLarge,
            Title = "The compressed data is too large when decoded.",
            Detail = $"{Place(error)} {NothingLoaded} Send the data in parts, or have the limit raised if it is what it says.",
        },
    };

    private static Problem Damaged(UndecodableException error, string advice) => new()
    {
        Code = "compressed_data_damaged",
        Status = StatusCodes.Status422UnprocessableEntity,
        Title = "The compressed data is not whole.",
        Detail = $"{Place(error)} {NothingLoaded} {advice}",
    };

    private static string Place(UndecodableException error) =>
        $"At byte {error.Position} of the {error.Coding} data: {error.Message}.";
}
