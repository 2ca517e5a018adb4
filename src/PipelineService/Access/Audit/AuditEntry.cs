using System.Buffers;
using System.Text;
using System.Text.Json;
using PipelineService.Core.Rules;

namespace PipelineService.Access.Audit;

/// <summary>One entry of the audit, as it is written. Every text of it is bounded, and none holds a value of a record.</summary>
public sealed record AuditEntry
{
    /// <summary>It was done, in the transaction that has written the entry.</summary>
    public const string Done = "done";

    /// <summary>It was asked for and refused.</summary>
    public const string Refused = "refused";

    private const int TextLengthMax = 250;

    private AuditEntry()
    {
    }

    /// <summary>Writing the same entry twice changes nothing. A UUIDv7 of <see cref="At"/>, but for uploads: their job's.</summary>
    public required Guid Id { get; init; }

    /// <summary>UTC, in microseconds: exactly what the database stores.</summary>
    public required DateTime At { get; init; }

    public required string Actor { get; init; }

    public required string Action { get; init; }

    public required string Object { get; init; }

    public string? Dataset { get; init; }

    public required string Outcome { get; init; }

    public string? Address { get; init; }

    /// <summary>A JSON object.</summary>
    public required string Detail { get; init; }

    /// <param name="at">When it was done.</param>
    /// <param name="subject">What it was done to: <c>job/0199…</c>, <c>dataset/trips</c>.</param>
    /// <param name="dataset">The dataset that it is about; null for none.</param>
    /// <param name="detail">Texts, whole numbers, ids and truth values; null is left out. No secrets, no values of records.</param>
    public static AuditEntry Of(
        AuditActor actor, AuditAction action, DateTimeOffset at, string subject, string? dataset,
        params ReadOnlySpan<(string Name, object? Value)> detail) => new()
        {
            Id = Guid.CreateVersion7(at),
            At = at.UtcDateTime.AddTicks(-(at.Ticks % TimeSpan.TicksPerMicrosecond)),
            Actor = Excerpt.Of(actor.Name, TextLengthMax),
            Action = action.Name,
            Object = Excerpt.Of(subject, TextLengthMax),
            Dataset = dataset is null ? null : Excerpt.Of(dataset, TextLengthMax),
            Outcome = Done,
            Address = actor.Address,
            Detail = DetailOf(detail),
        };

    private static string DetailOf(ReadOnlySpan<(string Name, object? Value)> detail)
    {
        ArrayBufferWriter<byte> text = new(256);
        using (Utf8JsonWriter json = new(text))
        {
            json.WriteStartObject();
            foreach ((string name, object? value) in detail)
            {
                Write(json, name, value);
            }

            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(text.WrittenSpan);
    }

    private static void Write(Utf8JsonWriter json, string name, object? value)
    {
        switch (value)
        {
            case null:
                break;
            case string text:
                json.WriteString(name, Excerpt.Of(text, TextLengthMax));
                break;
            case Guid id:
                json.WriteString(name, id);
                break;
            case bool isSo:
                json.WriteBoolean(name, isSo);
                break;
            case int or long:
                json.WriteNumber(name, Convert.ToInt64(value, null));
                break;
            default:
                throw new ArgumentException($"An entry holds no {value.GetType()}.", nameof(value));
        }
    }
}
