using PipelineService.Hosting.Http;

namespace PipelineService.Access.Limits;

/// <summary>Counts the bytes of a body whose length was not announced, as they come: a feature of the request's context.</summary>
public sealed class BodyMeter
{
    private readonly UploadPass _pass;
    private long _all;

    internal BodyMeter(UploadPass pass) => _pass = pass;

    /// <returns>Why no more may come, or null.</returns>
    public Problem? Take(long bytes) => _pass.TakeBytes(bytes, _all += bytes);
}
