using PipelineService.Core.Datasets;
using PipelineService.Hosting;
using PipelineService.Hosting.Http;
using PipelineService.Spool;
using PipelineService.Spool.Decoding;

namespace PipelineService.Tests.Infrastructure;

/// <summary>Decodes uploads without a job.</summary>
internal static class DecodingRun
{
    public static readonly DecodingLimits NoLimits = new(long.MaxValue, int.MaxValue, long.MaxValue);

    public static UploadCodings Of(params ContentCoding[] codings) => new([.. codings], null);

    public static UploadCodings Of(FileCompression compression, params ContentCoding[] codings) =>
        new([.. codings], UploadCodings.Of(compression));

    /// <summary>All of an upload that has arrived, or why it cannot be decoded.</summary>
    /// <param name="readBytes">How much is asked for at once.</param>
    public static async Task<(byte[] Data, Problem? Problem)> DecodeAsync(
        byte[] sent, UploadCodings codings, int readBytes = 4096, DecodingLimits? limits = null)
    {
        await using SpoolWriter upload = await new MemorySpool().SealedAsync(sent);
        await using SpoolReader reader = upload.Follow();
        using DecodedUpload decoded = new(reader, codings, limits ?? NoLimits);
        return await ReadAsync(decoded, readBytes);
    }

    /// <summary>The same of one that comes step by step.</summary>
    public static async Task<(byte[] Data, Problem? Problem)> DecodeAsItComesAsync(
        byte[] sent, UploadCodings codings, int stepBytes, int readBytes)
    {
        await using SpoolWriter upload = new MemorySpool().Create();
        await using SpoolReader reader = upload.Follow();
        using DecodedUpload decoded = new(reader, codings, NoLimits);
        Task<(byte[] Data, Problem? Problem)> reading = ReadAsync(decoded, readBytes);
        foreach (byte[] step in sent.Chunk(stepBytes))
        {
            await upload.AppendAsync(step);
            if (stepBytes < 4)
            {
                await Task.Yield();
            }
        }

        await upload.SealAsync();
        return await reading;
    }

    /// <summary>Reads to the end, and expects what is promised of every read.</summary>
    public static async Task<(byte[] Data, Problem? Problem)> ReadAsync(IDecodedBytes decoded, int readBytes)
    {
        using MemoryStream data = new();
        byte[] buffer = new byte[readBytes];
        try
        {
            while (await decoded.WaitForBytesAsync(data.Length, CancellationToken.None))
            {
                int read = await decoded.ReadAsync(buffer, data.Length, CancellationToken.None);
                Assert.InRange(read, 1, buffer.Length);
                await data.WriteAsync(buffer.AsMemory(0, read), CancellationToken.None);
            }

            Assert.True(decoded.IsEnd(data.Length));
            Assert.Equal(data.Length, decoded.Length);
            return (data.ToArray(), null);
        }
        catch (JobFaultException e)
        {
            return (data.ToArray(), e.Problem);
        }
    }
}
