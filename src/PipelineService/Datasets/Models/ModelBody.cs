using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;
using PipelineService.Hosting.Http;

namespace PipelineService.Datasets.Models;

/// <summary>Takes the body of a request that holds a model: bounded in length and in time, or a problem.</summary>
internal static class ModelBody
{
    /// <summary>Slower ones would keep others from sending theirs.</summary>
    private static readonly TimeSpan TimeMax = TimeSpan.FromMinutes(5);

    public static async Task<(byte[]? Bytes, Problem? Problem)> ReadAsync(
        HttpRequest request, long bytesMax, TimeProvider time, CancellationToken cancellationToken)
    {
        SetLimits(request.HttpContext, bytesMax);
        using CancellationTokenSource late = new(TimeMax, time);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            byte[] body = await ReadAsync(request, bytesMax, ended.Token);
            return body.Length > bytesMax ? (null, ModelProblems.TooLarge(bytesMax))
                : body.Length == 0 ? (null, ModelProblems.Empty)
                : (body, null);
        }
        catch (Exception e) when (e is IOException)
        {
            return (null, ModelProblems.BrokenOff);
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return (null, ModelProblems.BrokenOff);
        }
    }

    /// <summary>What can be said of it without looking at it.</summary>
    public static Problem? FaultOf(HttpRequest request, long bytesMax)
    {
        // curl -T names no type; what is no model is found out anyway.
        if (!string.IsNullOrEmpty(request.ContentType)
            && !request.ContentType.StartsWith("application/octet-stream", StringComparison.OrdinalIgnoreCase)
            && !request.ContentType.StartsWith("application/onnx", StringComparison.OrdinalIgnoreCase))
        {
            return ModelProblems.UnsupportedMediaType(request.ContentType);
        }

        return request.Headers.ContentEncoding.Count > 0 ? ModelProblems.UnsupportedContentEncoding(request.Headers.ContentEncoding.ToString())
            : request.ContentLength > bytesMax ? ModelProblems.TooLarge(bytesMax)
            : null;
    }

    /// <summary>One byte more than allowed shows that a body without a length is too large.</summary>
    private static async Task<byte[]> ReadAsync(HttpRequest request, long bytesMax, CancellationToken cancellationToken)
    {
        if (request.ContentLength is long length)
        {
            byte[] known = new byte[length];
            await request.Body.ReadExactlyAsync(known, cancellationToken);
            return known;
        }

        using MemoryStream body = new();
        byte[] buffer = new byte[64 << 10];
        int read;
        while (body.Length <= bytesMax && (read = await request.Body.ReadAsync(buffer, cancellationToken)) > 0)
        {
            await body.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
        }

        return body.ToArray();
    }

    private static void SetLimits(HttpContext context, long bytesMax)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = bytesMax + 1;
        }

        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
        {
            rate.MinDataRate = new MinDataRate(bytesPerSecond: 1_024, gracePeriod: TimeSpan.FromSeconds(10));
        }
    }
}
