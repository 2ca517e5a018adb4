using System.Buffers.Text;
using PipelineService.Hosting.Http;
using PipelineService.Hosting.OpenApi;

namespace PipelineService.Jobs.Requests;

/// <summary>The parameters <c>limit</c> and <c>cursor</c>. Cursors are opaque to clients.</summary>
internal static class Paging
{
    /// <summary>Both in the document.</summary>
    public static readonly ShownParameter[] Shown =
    [
        new(
            "limit",
            "How many a page has at most. Default 100, at most 1,000, where the service is not configured otherwise "
                + "(`Jobs:PageSize`, `Jobs:PageSizeMax`).",
            Shapes.WholeNumber(1)),
        new("cursor", "`nextCursor` of the page before; none begins with the first page."),
    ];

    public static int ParseLimit(string? limit, JobsOptions options, Dictionary<string, string[]> faults) =>
        QueryLimit.Parse(limit, options.PageSize, options.PageSizeMax, faults);

    public static string CursorOf(Guid id) => Base64Url.EncodeToString(id.ToByteArray(bigEndian: true));

    public static Guid? ParseCursor(string? cursor, Dictionary<string, string[]> faults)
    {
        if (cursor is null)
        {
            return null;
        }

        if (Decode(cursor, 16) is { } bytes)
        {
            return new Guid(bytes, bigEndian: true);
        }

        faults["/cursor"] = ["It is none that this service gave out; leave it away to start from the first page."];
        return null;
    }

    public static string CursorOf(long record)
    {
        byte[] bytes = new byte[sizeof(long)];
        System.Buffers.Binary.BinaryPrimitives.WriteInt64BigEndian(bytes, record);
        return Base64Url.EncodeToString(bytes);
    }

    public static long ParseRecordCursor(string? cursor, Dictionary<string, string[]> faults)
    {
        if (cursor is null)
        {
            return 0;
        }

        if (Decode(cursor, sizeof(long)) is { } bytes)
        {
            return System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(bytes);
        }

        faults["/cursor"] = ["It is none that this service gave out; leave it away to start from the first page."];
        return 0;
    }

    public static IResult Refuse(IReadOnlyDictionary<string, string[]> faults) => Problem.MalformedQuery(faults).ToResult();

    private static byte[]? Decode(string cursor, int length)
    {
        byte[] bytes = new byte[length];
        return cursor.Length <= 64 && Base64Url.IsValid(cursor, out int decoded) && decoded == length
            && Base64Url.TryDecodeFromChars(cursor, bytes, out _)
                ? bytes
                : null;
    }
}
