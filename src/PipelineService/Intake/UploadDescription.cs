using System.Net.Mime;
using PipelineService.Datasets;
using PipelineService.Hosting.OpenApi;
using PipelineService.Jobs.Requests;
using PipelineService.Spool.Decoding;

namespace PipelineService.Intake;

/// <summary>What the document says of uploads.</summary>
internal static class UploadDescription
{
    private static readonly AnswerHeader Replayed = new(
        "Idempotency-Replayed", "That an earlier upload under this key made the job.", Shapes.Always("true"), IsAlways: false);

    private static readonly ShownParameter[] Headers =
    [
        new(
            "Idempotency-Key",
            "1 to 255 visible ASCII characters. The same key with the same bytes for the same dataset is the same upload: its job "
                + "is the answer, with `Idempotency-Replayed: true`; other bytes are refused with 422. A key is known until "
                + "`Jobs:KeysKeep` after the end of its job, and at least as long as the job. It loads again once its job was reverted, or has failed and "
                + "nothing of it is kept: at once when the service or the table was at fault, and under a new version of the "
                + "dataset when the data was.",
            Shapes.TextOf(1, UploadRequest.KeyLengthMax, "^[!-~]+$")),
        new(
            "Prefer",
            "`wait=N` answers when the job is final, after at most N seconds and `Jobs:WaitMax` (RFC 7240). "
                + "`Preference-Applied` says how long is waited at most. A `wait` that is no whole number is refused; other "
                + "preferences are passed over."),
        new(
            "Content-Digest",
            "`sha-256=:BASE64:` of the body (RFC 9530); nothing is kept when it does not match. "
            + "Other algorithms alone are refused."),
        new("Repr-Digest", "As `Content-Digest`."),
        new(
            "Content-Encoding",
            $"Codings that were applied to the body, in their order, {ContentCodings.DepthMax} at most: {ContentCodings.Accepted}. They are "
                + "undone when it is read. Data that is not whole fails the job, and nothing of it is loaded."),
    ];

    public static RouteHandlerBuilder Describe(this RouteHandlerBuilder upload) => upload
        .WithName("createUpload").WithTags(DocumentTags.Uploads).WithSummary("Upload data for a dataset")
        .WithDescription("The body is the data, streamed, of any size. The answer comes when every byte is durable. A form of a browser or of "
            + "`curl -F` (`multipart/form-data`) is taken, too, as a whole or not at all: its one file is answered as any upload, several with 207 "
            + "and a job each.")
        .Takes(
            DatasetName.Shown,
            new ShownParameter(
                "source", "Who sends: a label on the job, and in the metrics.", Shapes.TextOf(1, UploadRequest.SourceLengthMax)),
            new ShownParameter(
                "replaces",
                "A final job of the dataset, loaded with `load.lineage`. When this upload succeeds, the rows of that job go in the moment in "
                    + "which its own come, and that job is reverted: readers see the old rows or the new ones. If it fails, that job is as it was.",
                Shapes.Id))
        .HeedsHeaders(Headers)
        .AcceptsStream(
            "The data: delimited text, or records of JSON one a line, in an array or in a sequence; a Parquet, Arrow or workbook file; or a compressed file of what the "
            + "dataset's format says. `application/json` is taken as well: it is not in the list, because generators would make it the only one.",
            [.. UploadContentType.Known.Where(type => type != MediaTypeNames.Application.Json)])
        .Produces<JobView>(StatusCodes.Status202Accepted).Produces<JobView>()
        .Answers(AnswerHeader.Location, StatusCodes.Status200OK, StatusCodes.Status202Accepted)
        .Answers(AnswerHeader.ETag, StatusCodes.Status200OK, StatusCodes.Status202Accepted)
        .Answers(JobEndpoints.UntilFinal, StatusCodes.Status202Accepted)
        .Answers(Replayed, StatusCodes.Status200OK, StatusCodes.Status202Accepted)
        .Answers(JobEndpoints.WaitGranted, StatusCodes.Status200OK, StatusCodes.Status202Accepted)
        .NeedsDatabase()
        .ProducesProblems(UploadProblems.Examples);
}
