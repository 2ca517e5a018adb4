using PipelineService.Access.Limits;
using PipelineService.Core.Datasets;
using PipelineService.Core.Jobs;
using PipelineService.Core.Rules;
using PipelineService.Datasets;
using PipelineService.Hosting.Http;
using PipelineService.Jobs.Requests;
using PipelineService.Spool;
using PipelineService.Spool.Decoding;

namespace PipelineService.Intake;

/// <summary>Every problem that an upload is refused with: code, status, sentence. A refusal leaves nothing behind.</summary>
public static class UploadProblems
{
    private const string NotLoadable = "The content type is not one that can be loaded.";

    public static Problem DatasetNotAtHand(string dataset, int retryAfterSeconds) => Refusal(
        "database_unavailable", StatusCodes.Status503ServiceUnavailable,
        "The database cannot be used.",
        $"Nobody has used dataset '{dataset}' here since the service started, and the database cannot be asked for it. Nothing was "
        + "kept; send the upload again later.",
        retryAfterSeconds: retryAfterSeconds);

    public static Problem UnsupportedMediaType(string contentType) => Refusal(
        "unsupported_media_type", StatusCodes.Status415UnsupportedMediaType,
        NotLoadable,
        string.Join(
            " ",
            ((string[])
            [
                $"'{Excerpt.Of(contentType)}' was sent.",
                MediaTypeAdvice.For(contentType),
                $"Taken are {UploadContentType.AcceptPost}; without a Content-Type the dataset's format decides.",
            ]).Where(sentence => sentence.Length > 0)),
        accepts: Loadable);

    /// <summary>What was sent without a type cannot be of the dataset's format.</summary>
    /// <param name="found">What it is, and what to send.</param>
    public static Problem OtherContent(string found) => Refusal(
        "unsupported_media_type", StatusCodes.Status415UnsupportedMediaType,
        NotLoadable,
        $"No Content-Type was sent. {found}",
        accepts: Loadable);

    public static Problem UnsupportedCharset(string charset) => Refusal(
        "unsupported_charset", StatusCodes.Status415UnsupportedMediaType,
        "The character set cannot be read.",
        $"The body was announced as '{Excerpt.Of(charset)}', which is not known here. Taken are {TextEncoding.Names}. For another send UTF-8: "
        + $"iconv -f {Excerpt.Of(charset)} -t UTF-8 FILE converts it.",
        accepts: Loadable);

    public static Problem OtherCharset(string charset, TextEncoding declared) => Refusal(
        "unsupported_charset", StatusCodes.Status415UnsupportedMediaType,
        "The character set is not that of the dataset.",
        $"The Content-Type says charset={Excerpt.Of(charset)}, and the encoding of the dataset is {declared.Name}: leave the charset out if the data "
        + $"is in {declared.Name}, or set the dataset's encoding to utf-8, beside which the charset of an upload decides.",
        accepts: Loadable);

    public static Problem CharsetOfJson(string charset) => Refusal(
        "unsupported_charset", StatusCodes.Status415UnsupportedMediaType,
        "JSON is in UTF-8 or UTF-16.",
        $"The body was announced as JSON in '{Excerpt.Of(charset)}'; send it in UTF-8: iconv -f {Excerpt.Of(charset)} -t UTF-8 FILE converts it.",
        accepts: Loadable);

    public static Problem OtherHeader(string said, bool isDeclared) => Refusal(
        "unsupported_media_type", StatusCodes.Status415UnsupportedMediaType,
        NotLoadable,
        $"The Content-Type says header={Excerpt.Of(said)}, and dialect.header of the dataset is {(isDeclared ? "true" : "false")}: "
        + $"leave the parameter out, or declare the dataset with dialect.header {(isDeclared ? "false" : "true")}.",
        accepts: Loadable);

    public static Problem UnsupportedEncoding(string encoding, string unknown) => Refusal(
        "unsupported_content_encoding", StatusCodes.Status415UnsupportedMediaType,
        "The content encoding cannot be removed.",
        $"The body was sent with Content-Encoding '{Excerpt.Of(encoding)}', and '{Excerpt.Of(unknown)}' is not known here. "
        + MediaTypeAdvice.Recoded(unknown),
        accepts: Removable);

    public static Problem TooManyEncodings(string encoding) => Refusal(
        "unsupported_content_encoding", StatusCodes.Status415UnsupportedMediaType,
        "The content encoding cannot be removed.",
        $"The body was sent with Content-Encoding '{Excerpt.Of(encoding)}'; at most {ContentCodings.DepthMax} codings are removed. "
        + "Compress the data once.",
        accepts: Removable);

    public static Problem UnsupportedDigest(string header, string algorithms) => Refusal(
        "unsupported_digest", StatusCodes.Status400BadRequest,
        "The digest is of an algorithm that is not checked.",
        $"{header}: has {Excerpt.Of(algorithms)}, and only sha-256 is checked. Send sha-256=:BASE64: (RFC 9530), or leave the header "
        + "out.",
        accepts: ($"Want-{header}", "sha-256=10"));

    public static Problem SourceNotAllowed(string source) => Refusal(
        "source_not_allowed", StatusCodes.Status403Forbidden,
        "The credential sends under another source.",
        $"It is bound to the source '{source}', which its uploads carry by themselves: leave ?source= out.");

    public static Problem SourceUnusable(int length) => Problem.MalformedQuery(
        "source", $"has {length} characters; 1 to {UploadRequest.SourceLengthMax} printable ones are allowed.");

    public static Problem ReplacesUnusable { get; } = Problem.MalformedQuery(
        "replaces", "is not the id of a job. Ids are UUIDs, as the answer to the upload gave them.");

    public static Problem Truncated(long received) => Refusal(
        "upload_truncated", StatusCodes.Status400BadRequest,
        "The body broke off.",
        $"The connection ended after {received} bytes, before the end of the body. Nothing was kept; send it again.");

    public static Problem Malformed(string fault) => Refusal(
        "malformed_request", StatusCodes.Status400BadRequest,
        "The body cannot be read.",
        $"{fault} Nothing was kept.");

    public static Problem MalformedForm(string detail) => Refusal(
        "malformed_form", StatusCodes.Status400BadRequest,
        "The form cannot be taken.",
        $"{detail} Nothing was kept.");

    public static Problem TooSlow(IntakeOptions options) => Refusal(
        "request_timeout", StatusCodes.Status408RequestTimeout,
        "The body came too slowly.",
        $"Send at least {options.BodyBytesPerSecondMin} bytes a second. Nothing was kept; send it again.");

    public static Problem TooLarge(long limit) => Refusal(
        "body_too_large", StatusCodes.Status413PayloadTooLarge,
        "The body is too large.",
        $"At most {limit} bytes are taken in one upload. Send the data in parts.");

    public static Problem SpoolFull(string reason) => Refusal(
        "spool_full", StatusCodes.Status507InsufficientStorage,
        "There is no room for the upload.",
        $"{reason} Uploads that wait are being loaded; try again later.",
        retryAfterSeconds: 30);

    public static Problem SpoolUnavailable { get; } = Refusal(
        "spool_unavailable", StatusCodes.Status503ServiceUnavailable,
        "The upload cannot be stored.",
        "The disk of the spool cannot be written or did not keep what was written. Nothing was kept; send it again later.",
        retryAfterSeconds: 10);

    public static Problem TooManyUploads(int limit) => Refusal(
        "too_many_uploads", StatusCodes.Status503ServiceUnavailable,
        "Too many uploads are arriving.",
        $"{limit} uploads are received at once; try again shortly.",
        retryAfterSeconds: 2);

    /// <param name="bytesMax">What may wait of the tenant.</param>
    public static Problem QueueFull(long bytesMax) => Refusal(
        "queue_limit", StatusCodes.Status429TooManyRequests,
        "As much of the tenant waits to be loaded as may.",
        FormattableString.Invariant($"{bytesMax:N0} bytes of uploads of the tenant, or of the dataset where it is nobody's, may wait in the queue. ")
        + "Nothing was kept; send the upload again when some of them have been loaded.",
        retryAfterSeconds: 5);

    public static Problem ShuttingDown { get; } = Refusal(
        "shutting_down", StatusCodes.Status503ServiceUnavailable,
        "The service is shutting down.",
        "Nothing was kept; send the upload again.",
        retryAfterSeconds: 5);

    public static Problem DigestMismatch(string header, string received) => Refusal(
        "digest_mismatch", StatusCodes.Status400BadRequest,
        "The body is not what the digest says.",
        $"{header} does not match: the bytes received have the sha-256 {received}. Nothing was kept; send it again.");

    public static Problem KeyInUse { get; } = Refusal(
        "upload_in_progress", StatusCodes.Status409Conflict,
        "An upload with this Idempotency-Key is still arriving.",
        "Another connection is sending an upload with the same key. Wait for its end, or follow its job.",
        retryAfterSeconds: 1);

    public static Problem Cancelled(Guid jobId) => Refusal(
        "job_cancelled", StatusCodes.Status409Conflict,
        "The job was cancelled while its upload arrived.",
        $"Somebody cancelled job {jobId}; the rest of the body was not read.");

    public static Problem CancelledBefore(Guid jobId) => Refusal(
        "job_cancelled", StatusCodes.Status409Conflict,
        "The job was cancelled.",
        $"Somebody cancelled job {jobId}, which was made under this Idempotency-Key. To load the data after all, revert that "
        + $"job (POST /v1/jobs/{jobId}/revert) and send the upload again, or send it under another key.");

    public static Problem RowsKept(Guid jobId, long rows) => Refusal(
        "rows_kept", StatusCodes.Status409Conflict,
        "The job under this Idempotency-Key failed and kept rows.",
        $"Job {jobId} failed when {rows} records had landed; loading the upload again would double them. Revert that job "
        + $"(POST /v1/jobs/{jobId}/revert) and send the upload again, or send it under another key.");

    public static Problem KeyReused(Guid jobId) => Refusal(
        "idempotency_key_reused", StatusCodes.Status422UnprocessableEntity,
        "The Idempotency-Key was used for other data.",
        $"Job {jobId} was made under this key from other bytes. Use a new key for new data.");

    public static Problem KeyOfAnotherCall(Guid jobId) => Refusal(
        "idempotency_key_reused", StatusCodes.Status422UnprocessableEntity,
        "The Idempotency-Key was used for another purpose.",
        $"Job {jobId} was made under this key, and does not replace the job that this upload is to replace (replaces). Use a new key.");

    /// <summary>What an error of the spool's disk means for the sender: no room, which passes, or no disk.</summary>
    public static Problem Of(Exception diskError) => diskError is IOException error && SpoolFullException.IsDiskFull(error)
        ? SpoolFull("The disk of the spool is full.")
        : SpoolUnavailable;

    private static (string Name, string Value) Loadable => ("Accept-Post", UploadContentType.AcceptPost);

    private static (string Name, string Value) Removable => ("Accept-Encoding", ContentCodings.Accepted);

    private static Guid ExampleJob => Guid.Parse(JobEndpoints.ExampleId);

    /// <summary>One of each, for the API's description.</summary>
    internal static Problem[] Examples =>
    [
        DatasetProblems.NotFound("trips"),
        UnsupportedMediaType("application/zip"),
        UnsupportedCharset("iso-2022-jp"),
        UnsupportedEncoding("compress", "compress"),
        UnsupportedDigest("Repr-Digest", "md5"),
        UnsupportedDigest("Content-Digest", "md5"),
        Problem.MalformedHeader("Idempotency-Key", "give one value of 1 to 255 visible ASCII characters."),
        SourceUnusable(200),
        SourceNotAllowed("acme"),
        ReplacesUnusable,
        JobProblems.NotFound(JobEndpoints.ExampleId),
        JobProblems.IsNotFinal(JobState.Running),
        JobProblems.IsOfAnotherDataset(ExampleJob, "trips"),
        JobProblems.IsReverted(ExampleJob),
        JobProblems.IsBeingReplaced(ExampleJob),
        JobProblems.NoLineage,
        Truncated(1_048_576),
        Malformed("Bad chunk size data."),
        MalformedForm("It has no file: send one as curl -F file=@FILE does."),
        TooSlow(new IntakeOptions()),
        TooLarge(1L << 40),
        SpoolFull("The spool's quota or disk does not hold the upload."),
        SpoolUnavailable,
        TooManyUploads(256),
        QueueFull(10_000_000_000),
        .. LimitProblems.OfUploads,
        ShuttingDown,
        DigestMismatch("Content-Digest", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        KeyInUse,
        Cancelled(ExampleJob),
        RowsKept(ExampleJob, 4_096),
        KeyReused(ExampleJob),
        KeyOfAnotherCall(ExampleJob),
    ];

    private static Problem Refusal(
        string code, int status, string title, string detail, int? retryAfterSeconds = null,
        (string Name, string Value)? accepts = null) =>
        new()
        {
            Code = code,
            Status = status,
            Title = title,
            Detail = detail,
            RetryAfterSeconds = retryAfterSeconds,
            Accepts = accepts,
        };
}

/// <summary>An upload cannot be taken. Thrown once per refused request, never per record.</summary>
public sealed class UploadRefusedException(Problem problem) : Exception(problem.Title)
{
    public Problem Problem { get; } = problem;
}
